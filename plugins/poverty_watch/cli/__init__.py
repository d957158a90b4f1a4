"""The command line: run, look, start and stop; every message in plain Chinese."""

from poverty_watch.cli.app import app

__all__ = ["app"]
