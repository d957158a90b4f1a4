"""Answers are written once, for the sender's eyes only, and a killed run is completed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from poverty_watch.intake.answers.texts import AnswerTexts, answer_texts
from poverty_watch.ledger.models import JournalEntry
from tests.intake.answers.conftest import HEADER, Clerk, delivery

DATASET = "disability_certificates"


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.iterdir()}


def journal(clerk: Clerk) -> list[JournalEntry]:
    with clerk.office.ledger.transaction() as session:
        return list(session.scalars(select(JournalEntry).where(JournalEntry.action == "写出回执")))


def test_a_second_run_touches_no_file_and_writes_no_journal(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    first = clerk.answered()
    before = state(clerk.folder())
    second = clerk.answered()
    assert (first.written, second.written) == (4, 0)
    assert first.paths == second.paths
    assert state(clerk.folder()) == before
    assert len(journal(clerk)) == 1


def test_a_later_sending_leaves_the_earlier_receipt_as_it_was(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    before = state(clerk.folder())
    clerk.office.deliver(DATASET, [HEADER, *delivery()[4:]], name="持证残疾人2021-04（重报）.xlsx")
    clerk.answered()
    after = state(clerk.folder())
    # The correction sheet is replaced by the newer one: there is never more than one to fill in.
    kept = [name for name in before if "第1次" in name and not name.startswith("更正_")]
    assert [name for name in after if name.startswith("更正_")] == [
        "更正_持证残疾人_2021年4月_第2次.xlsx"
    ]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert len(journal(clerk)) == 2


def test_a_run_that_was_killed_is_completed(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk.office.deliver(DATASET, delivery())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("poverty_watch.intake.answers.steps.save_marked", die)
        with pytest.raises(KeyboardInterrupt):
            clerk.answered()
    assert len(clerk.answered().paths) == 4
    assert [name[:2] for name in clerk.names()] == ["回执", "批注", "更正"]
    assert not [p for p in clerk.folder().iterdir() if p.name.startswith("..")]


def test_only_the_owner_may_read_them(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    assert {p.stat().st_mode & 0o777 for p in clerk.folder().iterdir()} == {0o600}
    assert clerk.folder().stat().st_mode & 0o777 == 0o700


def test_neither_journal_nor_summary_holds_a_number(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    outcome = clerk.answered()
    (entry,) = journal(clerk)
    assert "530501" not in f"{outcome.summary}{entry.detail}{entry.subject}"


def test_a_text_for_a_fault_that_does_not_exist_is_refused() -> None:
    content = answer_texts().model_dump(mode="json")
    content["sentences"]["by_fault"] = {"dublicate": "写错了"}
    with pytest.raises(ValidationError, match="dublicate"):
        AnswerTexts.model_validate(content)
