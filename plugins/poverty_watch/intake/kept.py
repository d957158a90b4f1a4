"""Where delivered files are kept, byte for byte."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.settings import Settings


def raw_path(settings: Settings, sha256: str, name: str) -> Path:
    """The kept file of that content; the ending is that of the name it was delivered under."""
    return settings.raw / sha256[:2] / f"{sha256}{Path(name).suffix.lower()}"
