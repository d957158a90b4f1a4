"""A correction is merged wholly or not at all, on both databases, and whatever it was saved as."""

from __future__ import annotations

from typing import Any

import pytest

from poverty_watch.ledger.models import Base
from poverty_watch.ledger.store import Ledger
from tests.conftest import _emptied
from tests.intake.answers.conftest import HEADER, good
from tests.intake.conftest import Office, csv_bytes
from tests.intake.corrections.conftest import DATASET, Form, Sender


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """SQLite, or PostgreSQL where a test asks for it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/home/ledger.sqlite"
    return _emptied(request.getfixturevalue("postgres"))


def rows() -> list[list[Any]]:
    wrong = [*good(9)[:3], "五级", "2021-03-06"]
    return [HEADER, *(good(serial) for serial in range(1, 6)), wrong]


def mended(form: Form) -> Form:
    form.rows[0]["残疾等级"] = "三级"
    return form


def state(ledger: Ledger) -> dict[str, list[Any]]:
    """All rows of the ledger, but for moments."""
    with ledger.engine.connect() as connection:
        return {
            table.name: sorted(
                tuple(
                    str(v)
                    for c, v in zip(table.columns, row, strict=True)
                    if "_at" not in c.name and c.name != "at" and "hash" not in c.name
                )
                for row in connection.execute(table.select())
            )
            for table in Base.metadata.sorted_tables
            if table.name not in ("sealed_person",)
        }


STEPS = "poverty_watch.intake.steps"


@pytest.mark.parametrize(
    ("ledger_url", "where"),
    [
        ("sqlite", f"{STEPS}.correcting.leave"),
        ("sqlite", "poverty_watch.lake.versions._write_manifest"),
        ("postgresql", f"{STEPS}.settling.explain"),
        ("sqlite", f"{STEPS}.settling._write_fate"),
    ],
    indirect=["ledger_url"],
)
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(
    sender: Sender, office: Office, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    sender.deliver(rows())
    form = mended(sender.form())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(where, die)
        with pytest.raises(KeyboardInterrupt):
            sender.send_back(form)
    before = office.verdict(DATASET)
    assert before.delivery is not None
    assert (before.delivery.version, before.delivery.accepted_rows) == (1, 5)
    verdict = sender.taken_in()
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 6)
    assert set(sender.fates().values()) == {"改正并接收"}
    once = state(office.ledger)
    sender.taken_in()
    assert state(office.ledger) == once


def test_saved_as_csv_in_the_local_encoding_it_is_the_same_sheet(
    sender: Sender, office: Office
) -> None:
    sender.deliver(rows())
    form = mended(sender.form())
    content = csv_bytes(form.grid(), "gb18030")
    verdict = office.deliver_bytes(DATASET, content, "更正_持证残疾人.csv")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 6)


def test_a_sheet_that_cannot_be_opened_leaves_everything_as_it_was(
    sender: Sender, office: Office
) -> None:
    sender.deliver(rows())
    content = b"PK\x03\x04 PWGZ-0123456789ab broken"
    verdict = office.deliver_bytes(DATASET, content, "更正_持证残疾人.xlsx")
    assert verdict.status == "accepted"
    sender.answered()
    assert "更正没有采用" in sender.receipt()
    assert any("已损坏" in text for text in sender.receipt())
