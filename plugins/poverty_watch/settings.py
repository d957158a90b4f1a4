"""Where things live: the project's own folders, the home that runs write to, the ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from poverty_watch.months import COUNTY_ZONE

PROJECT = Path(__file__).resolve().parents[2]
EXPECTATIONS = PROJECT / "expectations"
SQL = PROJECT / "sql"
TEMPLATES = PROJECT / "include" / "templates"
REFERENCE = PROJECT / "include" / "reference"


class SettingError(ValueError):
    """A setting is missing or wrong; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class Settings:
    """The places of one installation, all below ``home`` unless said otherwise.

    ``inbox`` is where departments' files are looked for: ``<inbox>/<YYYY-MM>/<department>/``.
    """

    home: Path
    inbox: Path
    ledger_url: str

    @classmethod
    def from_environment(cls) -> Settings:
        """Read ``POVERTY_WATCH_HOME``, ``POVERTY_WATCH_INBOX``, ``POVERTY_WATCH_LEDGER_URL``.

        Defaults: ``var/`` in the project, ``<home>/inbox``, a SQLite file in the home. Instead of
        the URL itself ``POVERTY_WATCH_LEDGER_URL_FILE`` may name a file that holds it.
        """
        home = Path(os.environ.get("POVERTY_WATCH_HOME") or PROJECT / "var").resolve()
        inbox = Path(os.environ.get("POVERTY_WATCH_INBOX") or home / "inbox").resolve()
        url = os.environ.get("POVERTY_WATCH_LEDGER_URL", "")
        url_file = os.environ.get("POVERTY_WATCH_LEDGER_URL_FILE")
        if not url and url_file:
            try:
                url = Path(url_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingError(
                    f"读不到台账数据库地址文件 {url_file}：{error.strerror}。"
                ) from error
        return cls(home, inbox, url or f"sqlite:///{home / 'ledger.sqlite'}")

    @property
    def keys(self) -> Path:
        """Folder of the keys that are made at the first run (mode 0700, files 0600)."""
        return self.home / "keys"

    @property
    def lake(self) -> Path:
        """Immutable Parquet partitions."""
        return self.home / "lake"

    @property
    def raw(self) -> Path:
        """Files as departments delivered them, by content."""
        return self.home / "raw"

    @property
    def work(self) -> Path:
        """Scratch space between two steps of one run; may be deleted at any time."""
        return self.home / "work"

    @property
    def outbox(self) -> Path:
        """What people are handed: ``<outbox>/<YYYY-MM>/``."""
        return self.home / "outbox"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME of the embedded Airflow."""
        return self.home / "airflow"


def today() -> date:
    """The county's calendar day.

    In trials ``POVERTY_WATCH_TODAY`` (YYYY-MM-DD) shifts it, or a file that
    ``POVERTY_WATCH_TODAY_FILE`` names, which may change while processes run.
    """
    shifted = os.environ.get("POVERTY_WATCH_TODAY")
    file = os.environ.get("POVERTY_WATCH_TODAY_FILE")
    if not shifted and file:
        shifted = Path(file).read_text(encoding="utf-8").strip()
    return date.fromisoformat(shifted) if shifted else datetime.now(COUNTY_ZONE).date()


def present() -> datetime:
    """The county's present moment, on the day of `today`."""
    return datetime.combine(today(), datetime.now(COUNTY_ZONE).time(), COUNTY_ZONE)
