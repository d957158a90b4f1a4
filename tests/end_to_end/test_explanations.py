"""Each rule's hits can be followed to the cell that the department delivered, and it holds the value."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from poverty_watch.cli.explanations import cells_of, row_of, told
from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.delivered_cells import DeliveredCell
from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.screening.explaining import Explanation, Place, explain
from poverty_watch.settings import Settings
from tests.end_to_end.conftest import MONTH, TwoRuns, command
from tests.end_to_end.three_months import DELIVERIES

APRIL = Month.parse(MONTH)


def _explained(settings: Settings) -> dict[str, Explanation]:
    """By rule that hits anybody: one household that it hits, explained."""
    ledger = open_ledger(settings)
    with ledger.transaction() as session:
        screening = current_screening(session, APRIL)
        assert screening is not None
    hits = Screenings(settings.lake).read(APRIL, screening.fingerprint, "hits")
    households: dict[str, str] = {}
    for row in hits.select(["rule_id", "household_id"]).to_pylist():
        households.setdefault(row["rule_id"], row["household_id"])
    return {rule: explain(APRIL, found, settings, ledger) for rule, found in households.items()}


def _accepted(settings: Settings, place: Place) -> dict[str, Any]:
    path = Lake(settings.lake).accepted(place.dataset, place.month, place.version)
    here = (
        (pc.field("source_file") == place.file)
        & (pc.field("source_sheet") == place.sheet)
        & (pc.field("source_row") == place.row)
    )
    (row,) = pq.read_table(path, filters=here).to_pylist()
    found: dict[str, Any] = row
    return found


def _holds(cell: DeliveredCell, value: Any, labels: dict[str, str]) -> bool:
    """Whether what the clerk wrote means what the lake holds."""
    text = unicodedata.normalize("NFKC", cell.value).strip()
    if value is None:
        return text in ("", "无", "/", "-", "——", "—")
    if isinstance(value, Decimal):
        try:
            return Decimal(text.replace(",", "").strip("元¥￥ ") or "0") == value
        except InvalidOperation:
            return False
    if isinstance(value, date):
        digits = [part for part in _numbers(text) if part]
        if len(digits) == 1 and len(digits[0]) in (6, 8):
            return f"{value:%Y%m%d}".startswith(digits[0])
        if len(digits) == 1:  # a serial number of Excel
            return (value - date(1899, 12, 30)).days == int(digits[0])
        parts = (value.year, value.month, value.day)
        return tuple(map(int, digits[:3])) == parts[: len(digits[:3])]
    return labels.get(text, text) == str(value)


def _numbers(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text.split(" ")[0]).split()


def _check(settings: Settings) -> set[str]:
    catalogue = load_catalogue()
    followed = set()
    for rule, explanation in _explained(settings).items():
        cells = cells_of(explanation, settings, open_ledger(settings))
        (reason,) = [reason for reason in explanation.hits if reason.check_id == rule]
        assert reason.sentence.endswith("。"), rule
        for place in reason.places:
            accepted = _accepted(settings, place)
            contract = catalogue.contract(place.dataset)
            for column in place.columns:
                cell = cells[row_of(place), column]
                labels = {
                    spelling: choice.value
                    for choice in contract.column(column).values
                    for spelling in (choice.value, *choice.labels)
                }
                assert _holds(cell, accepted[column], labels), (rule, place, column, cell)
                followed.add(rule)
    return followed


def _settings_of(home: Path) -> Settings:
    return Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")


def test_hits_of_the_sample_county_lead_to_cells_that_hold_their_values(two_runs: TwoRuns) -> None:
    assert len(_check(_settings_of(two_runs.home))) >= 5


if DELIVERIES.is_dir():

    def test_hits_of_real_files_lead_to_cells_that_hold_their_values(
        three_months: Settings,
    ) -> None:
        assert len(_check(three_months)) >= 15


def test_the_command_tells_why_on_whose_word_and_where(two_runs: TwoRuns) -> None:
    settings = _settings_of(two_runs.home)
    found = _explained(settings)["W05"]
    output = command(two_runs.home, "explain", MONTH, found.household_id).stdout
    assert output.splitlines() == list(told(found, settings, open_ledger(settings)))
    assert "W05 未参加基本医保" in output
    assert "标准：" in output
    assert "自2021年1月起" in output
    nowhere = command(two_runs.home, "explain", MONTH, "R:0")
    assert nowhere.returncode == 2
    assert "没有 R:0 这一户" in nowhere.stderr


@pytest.mark.parametrize("place", ["别的镇"])
def test_a_township_is_told_of_its_own_households_alone(two_runs: TwoRuns, place: str) -> None:
    settings = _settings_of(two_runs.home)
    ledger = open_ledger(settings)
    found = next(iter(_explained(settings).values()))
    own = found.household.split(" ")[0]
    township = next(t for t in _townships(settings) if own.startswith(t))
    assert explain(
        APRIL, found.household_id, settings, ledger, Viewer("样本", "township", township)
    )
    with pytest.raises(AccessError):
        explain(APRIL, found.household_id, settings, ledger, Viewer("样本", "township", place))


def _townships(settings: Settings) -> set[str]:
    with open_ledger(settings).transaction() as session:
        screening = current_screening(session, APRIL)
        assert screening is not None
    households = Screenings(settings.lake).read(APRIL, screening.fingerprint, "households")
    return set(filter(None, households.column("township").to_pylist()))
