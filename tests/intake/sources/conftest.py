"""A department of two datasets whose contract says how its data come in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from poverty_watch.contracts import Catalogue, Department, load_catalogue
from poverty_watch.contracts.catalogue import _load
from poverty_watch.intake import Source, fetch, settle, validate
from poverty_watch.intake.sources import Patience
from poverty_watch.ledger.models import SourceMark
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import EXPECTATIONS, Settings
from tests.intake.conftest import APRIL, Office, Verdict
from tests.intake.sources.servers import HttpServer, SftpServer, http_server, sftp_server

IMPATIENT = Patience(attempts=3, first_wait=0.01, silence=1.0, whole=5.0)
CONNECTION = "clinic_of_the_county"


@dataclass(frozen=True)
class Clinic:
    """The department: 大病 (illness) and 死亡 (deaths), both increments."""

    root: Path
    office: Office

    @property
    def folder(self) -> Path:
        return self.root / "clinic"

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.root)

    @property
    def department(self) -> Department:
        return self.catalogue.departments["clinic"]

    @property
    def spool(self) -> Path:
        return self.office.settings.home / "spool" / str(APRIL) / "clinic"

    def arrives(self, **block: Any) -> None:
        card = {"title": "样例卫生院", "order": 1, "arrives": block}
        (self.folder / "department.yaml").write_text(yaml.safe_dump(card, allow_unicode=True))
        _load.cache_clear()

    def query(self, dataset: str, sql: str) -> None:
        (self.folder / f"{dataset}.query.sql").write_text(sql, encoding="utf-8")
        _load.cache_clear()

    def take_in(self, source: Source | None, month: Month = APRIL, **how: Any) -> str:
        """Fetch, validate, settle; what fetching said."""
        settings, ledger = self.office.settings, self.office.ledger
        said = fetch("clinic", month, settings, ledger, source, **how).summary
        validate("clinic", month, settings, ledger)
        settle("clinic", month, settings, ledger)
        return said

    def marks(self) -> dict[str, tuple[str, int | None]]:
        """What the ledger knows to have been taken: item to mark and rows."""
        with self.office.ledger.transaction() as session:
            found = session.scalars(select(SourceMark)).all()
            return {mark.item: (mark.mark, mark.rows) for mark in found}

    def verdict(self, dataset: str = "major_illness", month: Month = APRIL) -> Verdict:
        return self.office.verdict(dataset, month)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """SQLite alone: what differs between the two databases is tried by the other rooms."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


@pytest.fixture
def clinic(
    tmp_path: Path, settings: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> Clinic:
    root = tmp_path / "expectations"
    folder = root / "clinic"
    folder.mkdir(parents=True)
    for path in ("health/major_illness", "public_security/deaths"):
        for ending in ("contract.yaml", "suite.json"):
            shutil.copy(EXPECTATIONS / f"{path}.{ending}", folder)
    made = Clinic(root, Office(settings, ledger))
    for module in ("fetching", "validating", "settling"):
        where = f"poverty_watch.intake.steps.{module}.load_catalogue"
        monkeypatch.setattr(where, lambda: made.catalogue)
    made.arrives(way="inbox")
    return made


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    root = tmp_path / "server"
    (root / "2021-04" / "clinic").mkdir(parents=True)
    with sftp_server(root) as server:
        yield server


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server
