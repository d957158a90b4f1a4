"""The board's application, asked by accounts of several roles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient

from poverty_watch.board import Account, create_app
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from tests.board.furnished import furnish

ACCOUNTS = {
    "office": Account("样本专班", ("县专班",)),
    "township": Account("样本乡镇", ("甸阳镇",)),
    "department": Account("样本民政", ("民政局",)),
    "viewer": Account("样本查看", ("查看人员",)),
    "stranger": Account("样本无权", ("别的角色",)),
}
Asking = Callable[[str | None], TestClient]


async def _by_header(request: Request) -> Account:
    name = request.headers.get("x-sample-account")
    if name is None:
        raise HTTPException(401, "Not authenticated")
    return ACCOUNTS[name]


@pytest.fixture
def asking(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """A client per account; None is anonymous. The installation is empty."""
    return asking_of(settings, monkeypatch)


@pytest.fixture(scope="session")
def furnished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation on SQLite in which every page has something to show; not to be changed."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    settings = _settings(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POVERTY_WATCH_TODAY", "2021-05-07")
        furnish(settings)
    # The write-ahead log is put away, so that a copy of the file is whole.
    open_ledger(settings).engine.dispose()
    return home


@pytest.fixture
def furnished(furnished_home: Path, tmp_path: Path) -> Settings:
    """A copy of it for one test."""
    shutil.copytree(furnished_home, tmp_path / "copy")
    return _settings(tmp_path / "copy")


@pytest.fixture
def office(furnished: Settings, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """A client per account of a copy of the furnished installation, on 7 May 2021."""
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-07")
    return asking_of(furnished, monkeypatch)


def _settings(home: Path) -> Settings:
    return Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")


def asking_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """A client per account of an installation."""
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(settings.home))
    monkeypatch.setenv("POVERTY_WATCH_INBOX", str(settings.inbox))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", settings.ledger_url)
    app = create_app(_by_header)

    def client(account: str | None) -> TestClient:
        headers = {} if account is None else {"x-sample-account": account}
        return TestClient(app, headers=headers, follow_redirects=False)

    return client
