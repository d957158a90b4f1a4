"""No verb of the office shows or changes a household of another township or department."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
import typer

from poverty_watch.cli import app
from poverty_watch.ledger.models import Measure, Task
from tests.verification.cases.conftest import THERE, Command, Office, household

SECRET = "样例秘户"
THERE_AS = ["--role", "乡镇", "--place", THERE, "--by", "镇三"]
COUNTY_AS = ["--role", "县专班", "--by", "县一"]

# Every verb that is told who asks, asked by another office for household R:1, case 1 and task 2.
ASKED: dict[tuple[str, ...], list[str]] = {
    ("case", "list"): ["--household", "R:1"],
    ("case", "show"): ["1"],
    ("case", "open"): ["R:1"],
    ("case", "decide"): ["1", "审核同意"],
    ("case", "criteria"): ["R:1"],
    ("case", "notices"): [],
    ("case", "entries"): [],
    ("case", "compare"): ["2021-05"],
    ("measure", "list"): ["--household", "R:1"],
    ("measure", "plan"): ["R:1", "因病", "社会帮扶", "卫健局"],
    ("measure", "done"): ["1", "--result", "样例"],
    ("task", "list"): ["--all"],
    ("task", "show"): ["2"],
    ("task", "assign"): ["2", "--village", "样例新村", "--reason", "样例"],
    ("task", "decide"): ["2", "--outcome", "查无此户", "--given", "核实人=甲、乙"],
    ("task", "import"): ["2021-04", "没有.xlsx"],
    ("task", "export"): ["2021-04"],
}
SHOWING = [("case", "list"), ("case", "show"), ("task", "list"), ("task", "show")]


def verbs_that_are_told_who_asks() -> Iterator[tuple[str, ...]]:
    """By their options: what has no ``--role`` is the county office's own."""

    def of(group: typer.Typer, *name: str) -> Iterator[tuple[str, ...]]:
        for one in group.registered_commands:
            assert one.callback is not None
            if "role" in inspect.signature(one.callback).parameters:
                yield (*name, one.name or one.callback.__name__)
        for below in group.registered_groups:
            assert below.typer_instance is not None
            yield from of(below.typer_instance, *([below.name] if below.name else []))

    return of(app)


def test_every_verb_is_asked() -> None:
    """A new verb that is told who asks must be tried from another office too."""
    assert set(verbs_that_are_told_who_asks()) == set(ASKED)


@pytest.mark.parametrize(
    "who",
    [THERE_AS, ["--role", "部门", "--place", "水利局", "--by", "水利一"]],
    ids=["township", "department"],
)
def test_no_verb_shows_or_changes_another_offices_household(
    office: Office, command: Command, who: list[str]
) -> None:
    office.compute(household(head_name=SECRET, village="秘村"))
    office.to_county(office.visit(office.task(), risks=["因病"]).case_id)
    assert office.task("R:2", "W09") == 2
    secrets = (SECRET, "秘村", "入户一", "因病", "W09")
    seen = "".join(command(*verb, *ASKED[verb], *COUNTY_AS)[1] for verb in SHOWING)
    assert all(secret in seen for secret in secrets), "the county does see them"
    before = {path for path in office.settings.home.rglob("*") if path.is_file()}
    steps = len(office.case(1).steps)
    for verb, words in ASKED.items():
        _, told = command(*verb, *words, *who)
        # What one has typed oneself may come back in the answer.
        assert [s for s in secrets if s in told and s not in words] == [], verb
        after = {path for path in office.settings.home.rglob("*") if path.is_file()}
        assert [p for p in after - before if p.suffix in (".docx", ".xlsx", ".csv")] == [], verb
        assert len(office.case(1).steps) == steps, verb
        with office.ledger.transaction() as session:
            assert session.query(Measure).count() == 0, verb
            task = session.get_one(Task, 2)
            assert (task.village, task.status) == ("样例村", "open"), verb
