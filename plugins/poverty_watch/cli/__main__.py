"""``python -m poverty_watch.cli``."""

from poverty_watch.cli import app

app(prog_name="poverty-watch")
