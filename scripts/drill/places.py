"""Where things of one drill are: everything below one folder, on free ports of the loopback address."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What the image holds, besides the libraries.
_PROGRAM = ("plugins", "dags", "expectations", "include", "sql", "pyproject.toml")


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Places:
    """All places of one drill, below ``root``, and its ports."""

    root: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: free_port() for name in ("postgres", "redis", "page", "health", "mail")
        }
    )

    @property
    def project(self) -> Path:
        """The program: a copy, for the drill's own addresses."""
        return self.root / "program"

    @property
    def state(self) -> Path:
        """POVERTY_WATCH_HOME."""
        return self.root / "state"

    @property
    def inbox(self) -> Path:
        """Where departments deliver."""
        return self.root / "inbox"

    @property
    def clock(self) -> Path:
        """A file with the county's day: the drill turns its leaf."""
        return self.root / "today"

    @property
    def page(self) -> str:
        """The address of the web page."""
        return f"http://127.0.0.1:{self.ports['page']}"

    def prepare(self) -> None:
        """Make the folders and the program's copy."""
        for folder in (self.state, self.inbox):
            folder.mkdir(mode=0o700)
        self.project.mkdir()
        skip = shutil.ignore_patterns("__pycache__", "*.pyc")
        for name in _PROGRAM:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, self.project / name, ignore=skip)
            else:
                shutil.copy(source, self.project / name)
        self._install_long_ago()

    def _install_long_ago(self) -> None:
        """Let the timetable start the last full month at once: a new one waits for the next 1st."""
        path = self.project / "dags" / "monthly_monitoring.py"
        text = path.read_text(encoding="utf-8")
        begun = "    start_date=datetime(2021, 1, 1, tzinfo=UTC),\n    catchup=False,\n"
        text = text.replace("    catchup=False,\n", begun)
        text = text.replace("from datetime import", "from datetime import UTC, datetime,", 1)
        path.write_text(text, encoding="utf-8")

    def surroundings(self) -> dict[str, str]:
        """What every process of the drill finds in its environment, and nothing of the caller's own."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
        }
        return kept | {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(self.project / "plugins"),
            "PYTHONWARNINGS": "ignore",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_PROXY": "127.0.0.1",
            # The drill's own haste: a county looks every half hour. Looks must stay further apart
            # than the scheduler hears of them: it would take a step that is to look again for one
            # that was lost.
            "POVERTY_WATCH_LOOK_EVERY": "25",
            "POVERTY_WATCH_TODAY_FILE": str(self.clock),
        }
