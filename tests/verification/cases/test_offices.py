"""No verb of the office shows or changes a household of another township or department."""

from __future__ import annotations

import pytest

from poverty_watch.cli.cases import cases
from poverty_watch.cli.measures import measures
from poverty_watch.ledger.models import Measure
from tests.verification.cases.conftest import THERE, Command, Office, household

SECRET = "样例秘户"
THERE_AS = ["--role", "乡镇", "--place", THERE, "--by", "镇三"]
COUNTY_AS = ["--role", "县专班", "--by", "县一"]

# Every verb of the two groups, asked by another township for household R:1 and case 1.
ASKED = {
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
}
COUNTY_ONLY = {("measure", "cancel")}
SHOWING = [("case", "list"), ("case", "show")]


def test_every_verb_is_asked() -> None:
    """A new verb must be tried from another township too."""
    groups = (("case", cases), ("measure", measures))
    verbs = {
        (group, one.name or one.callback.__name__)  # type: ignore[union-attr]
        for group, typer_app in groups
        for one in typer_app.registered_commands
    }
    assert verbs == set(ASKED) | COUNTY_ONLY


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
    secrets = (SECRET, "秘村", "入户一", "因病")
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
