"""Fixtures that every room's tests may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from poverty_watch.identity import Keyring
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(home=home, inbox=tmp_path / "inbox", ledger_url=f"sqlite:///{home}/ledger.sqlite")


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return open_ledger(settings)


@pytest.fixture
def keys(settings: Settings) -> Keyring:
    return Keyring.open(settings.keys)
