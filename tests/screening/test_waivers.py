"""Waivers: what the county's file and the office may say, and which months they cover."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from poverty_watch.ledger.models import JournalEntry, Waiver
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.leads import raise_leads
from poverty_watch.screening.waivers import (
    WaiverError,
    all_waivers,
    read_file,
    take_back,
    take_in_file,
    terms_of,
    waive,
)
from tests.screening.computed import APRIL, Computed, hit

ENTRY = """
  - household: R:1
    rule: W01
    from: 2021-04-01
    until: 2021-06-30
    reason: 全家在外省参保
    approved_by: 样例办公室
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "waivers.yaml"


def write(path: Path, *entries: str) -> Path:
    path.write_text("waivers:" + ("".join(entries) or " []"), encoding="utf-8")
    return path


def take_in(ledger: Ledger, path: Path, day: date = date(2021, 5, 6)) -> int:
    with ledger.transaction() as session:
        return take_in_file(session, path, day)


def journal(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.transaction() as session:
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.id))
        return [(entry.action, entry.subject) for entry in entries]


def test_the_countys_own_file_is_readable() -> None:
    assert isinstance(read_file(), list)


def test_the_file_is_taken_in_once_and_journalled(ledger: Ledger, file: Path) -> None:
    write(file, ENTRY)
    assert (take_in(ledger, file), take_in(ledger, file)) == (1, 0)
    (waiver,) = all_waivers(ledger)
    assert (waiver.household_id, waiver.rule_id, waiver.origin) == ("R:1", "W01", "file")
    assert (waiver.valid_from, waiver.valid_until) == (date(2021, 4, 1), date(2021, 6, 30))
    assert journal(ledger) == [("豁免", "R:1 W01")]


def test_an_entry_struck_from_the_file_is_taken_back_from_that_day(
    ledger: Ledger, file: Path
) -> None:
    take_in(ledger, write(file, ENTRY))
    assert take_in(ledger, write(file)) == 1
    (waiver,) = all_waivers(ledger)
    assert waiver.revoked_on == date(2021, 5, 6)
    assert journal(ledger)[-1] == ("撤销豁免", "R:1 W01")
    assert take_in(ledger, write(file, ENTRY)) == 1, "written again it is another one"
    assert len(all_waivers(ledger)) == 2


def test_one_that_has_ended_may_be_tidied_away(ledger: Ledger, file: Path) -> None:
    take_in(ledger, write(file, ENTRY))
    assert take_in(ledger, write(file), date(2021, 7, 1)) == 0
    assert all_waivers(ledger)[0].revoked_on is None


def test_all_mistakes_of_the_file_are_told(file: Path) -> None:
    wrong = ENTRY.replace("R:1", "123").replace("全家在外省参保", '""')
    unknown = ENTRY.replace("W01", "W99").replace("until: 2021-06-30", "until: 明年")
    backwards = ENTRY.replace("2021-06-30", "2021-03-31").replace("approved_by", "approver")
    write(file, wrong, unknown, backwards, ENTRY.replace("2021-06-30", "2021-03-31"))
    with pytest.raises(WaiverError) as caught:
        read_file(file)
    told = str(caught.value)
    for text in (
        "第1条：户要写成 R:户编号 或 H:户号",
        "第1条：理由（reason）不能为空",
        "第2条：没有 W99 这条规则",
        "第2条：截止日期（until）不是日期",
        "第3条：没有写批准人（approved_by）",
        "第3条：不认识 approver 这一项",
        "第4条：截止日期早于起始日期",
    ):
        assert text in told


@pytest.mark.parametrize(
    "content", ["- R:1", "waiver: []", "waivers: {R:1: W01}", "waivers: [", ""]
)
def test_a_file_of_another_shape_is_refused(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(WaiverError, match=r"waivers\.yaml"):
        read_file(file)


def test_an_identity_number_in_a_reason_is_masked() -> None:
    assert "530501199001010014" not in terms(reason="本人 530501199001010014 已参保").reason


def terms(**changed: Any) -> Any:
    given = {
        "household": "R:1",
        "rule": "W01",
        "from": date(2021, 4, 1),
        "until": date(2021, 6, 30),
        "reason": "样例理由",
        "approved_by": "样例办公室",
    }
    return terms_of(**(given | changed))


@pytest.fixture
def computed(settings: Any, ledger: Ledger) -> Computed:
    return Computed(settings, ledger)


def test_the_office_waives_once_and_only_for_households_that_there_are(computed: Computed) -> None:
    computed.put(hits=[hit("R:1")])
    first = waive(terms(), computed.settings, computed.ledger)
    assert waive(terms(), computed.settings, computed.ledger).id == first.id
    assert len(all_waivers(computed.ledger)) == 1
    with pytest.raises(WaiverError, match="2021年4月没有 R:2 这一户"):
        waive(terms(household="R:2"), computed.settings, computed.ledger)


def test_a_waiver_ends_by_command_unless_the_file_says_it(computed: Computed, file: Path) -> None:
    day = date(2021, 5, 6)
    of_office = waive(terms(), computed.settings, computed.ledger)
    ended = take_back(of_office.id, "情况变化", "样例办公室", computed.ledger, day)
    assert (ended.revoked_on, ended.revoked_because) == (day, "情况变化")
    with pytest.raises(WaiverError, match="已经结束"):
        take_back(of_office.id, "再来", "样例办公室", computed.ledger, day)
    take_in(computed.ledger, write(file, ENTRY))
    with pytest.raises(WaiverError, match=r"请从文件里删去"):
        take_back(all_waivers(computed.ledger)[0].id, "不要", "样例办公室", computed.ledger, day)


@pytest.mark.parametrize(
    ("first", "last", "letter"),
    [
        (date(2021, 4, 30), date(2021, 4, 30), "c"),
        (date(2021, 4, 1), date(2021, 4, 29), None),
        (date(2021, 5, 1), date(2021, 6, 30), None),
    ],
    ids=["the month end alone", "until the day before", "from the day after"],
)
def test_a_waiver_covers_the_months_whose_end_lies_in_it(
    computed: Computed, first: date, last: date, letter: str | None
) -> None:
    computed.put(hits=[hit()])
    waive(terms(**{"from": first, "until": last}), computed.settings, computed.ledger)
    raise_leads(APRIL, computed.settings, computed.ledger)
    assert computed.fates() == {("R:1", "W01"): letter}


def test_of_another_household_or_rule_it_says_nothing(computed: Computed) -> None:
    computed.put(hits=[hit("R:1", "W05"), hit("R:2", "W01")])
    with computed.ledger.transaction() as session:
        waived = terms().model_dump()
        session.add(
            Waiver(
                household_id="R:1",
                rule_id="W01",
                valid_from=waived["valid_from"],
                valid_until=waived["until"],
                reason="样例",
                approved_by="样例",
                origin="office",
            )
        )
    raise_leads(APRIL, computed.settings, computed.ledger)
    assert set(computed.fates().values()) == {None}


def test_one_that_is_taken_back_no_longer_covers_months_that_end_later(
    computed: Computed, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-06")
    computed.put(hits=[hit()])
    raise_leads(APRIL, computed.settings, computed.ledger, write(file, ENTRY))
    computed.put(hits=[hit()], month=Month(2021, 5))
    raise_leads(Month(2021, 5), computed.settings, computed.ledger, write(file))
    assert computed.fates(Month(2021, 5)) == {("R:1", "W01"): None}
    # April was covered, and stays so.
    assert raise_leads(APRIL, computed.settings, computed.ledger, file).changed == 0
    assert computed.fates() == {("R:1", "W01"): "c"}
