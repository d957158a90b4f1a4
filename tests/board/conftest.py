"""The board's application, asked by accounts of several roles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient

from poverty_watch.board import Account, create_app
from poverty_watch.settings import Settings

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
    """A client per account; None is anonymous."""
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(settings.home))
    monkeypatch.setenv("POVERTY_WATCH_INBOX", str(settings.inbox))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", settings.ledger_url)
    app = create_app(_by_header)

    def client(account: str | None) -> TestClient:
        headers = {} if account is None else {"x-sample-account": account}
        return TestClient(app, headers=headers, follow_redirects=False)

    return client
