"""Findings over the months: opened, seen again, closed, come back; and past months told again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from poverty_watch.ledger.findings import (
    FindingCounts,
    FindingError,
    counts,
    findings_open,
    settle,
)
from poverty_watch.ledger.models import Finding, JournalEntry, Screening
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.ledger.told import findings_told
from poverty_watch.months import Month
from poverty_watch.screening import ScreeningError, settle_findings, warn
from poverty_watch.screening.findings import FindingsOutcome
from poverty_watch.settings import Settings
from tests.screening.computed import Computed, did_not_run, finding, household, ran
from tests.screening.conftest import Office

FEBRUARY, MARCH, APRIL, MAY = (Month(2021, number) for number in range(2, 6))
TOLD_ON = date(2021, 5, 6)


@pytest.fixture
def computed(settings: Settings, ledger: Ledger) -> Computed:
    return Computed(settings, ledger)


def run(computed: Computed, month: Month, told_on: date | None = None) -> FindingsOutcome:
    return settle_findings(month, computed.settings, computed.ledger, told_on)


def put(
    computed: Computed,
    month: Month,
    *findings: Mapping[str, Any],
    checks: Iterable[Mapping[str, Any]] = (ran(),),
    **more: Any,
) -> FindingsOutcome:
    """Compute a month and take its findings in."""
    computed.put(month=month, findings=findings, checks=list(checks), **more)
    return run(computed, month)


def lives(computed: Computed) -> list[tuple[str, int, str, str, str | None]]:
    """Subject, round, and the months in which each finding was opened, seen last and closed."""
    return [
        (f.subject_id, f.round, f.opened_month, f.seen_month, f.closed_month)
        for f in computed.findings()
    ]


def table(computed: Computed, month: Month) -> list[tuple[int, int, int]]:
    """新发现, 已整改, 未整改 of a month, line by line."""
    with computed.ledger.transaction() as session:
        return [(line.opened, line.mended, line.open) for line in counts(session, month)]


def four_months(computed: Computed) -> None:
    """Seen in February; March's delivery is missing; seen in April; gone in May."""
    put(computed, FEBRUARY, finding())
    put(computed, MARCH, checks=[did_not_run("C09", "social_assistance")])
    put(computed, APRIL, finding())
    put(computed, MAY)


def test_four_months_with_a_missing_delivery_in_between(computed: Computed) -> None:
    four_months(computed)
    assert lives(computed) == [("R:1", 1, "2021-02", "2021-04", "2021-05")]
    assert [table(computed, month) for month in (FEBRUARY, MARCH, APRIL, MAY)] == [
        [(1, 0, 1)],
        [(0, 0, 1)],
        [(0, 0, 1)],
        [(0, 1, 0)],
    ]


def test_each_month_again_changes_nothing(computed: Computed) -> None:
    four_months(computed)
    before = computed.everything()
    for month in (APRIL, FEBRUARY, MAY, MARCH):
        run(computed, month)
    assert computed.everything() == before


def test_a_finding_that_comes_back_is_opened_anew(computed: Computed) -> None:
    put(computed, FEBRUARY, finding())
    put(computed, MARCH)
    put(computed, APRIL, finding())
    assert lives(computed) == [
        ("R:1", 1, "2021-02", "2021-02", "2021-03"),
        ("R:1", 2, "2021-04", "2021-04", None),
    ]
    assert table(computed, APRIL) == [(1, 0, 1)]


def test_a_correction_within_the_month_closes_it_and_one_taken_back_opens_it_again(
    computed: Computed,
) -> None:
    put(computed, APRIL, finding())
    put(computed, APRIL)
    assert lives(computed) == [("R:1", 1, "2021-04", "2021-04", "2021-04")]
    assert table(computed, APRIL) == [(1, 1, 0)]
    put(computed, APRIL, finding())
    assert lives(computed) == [("R:1", 1, "2021-04", "2021-04", None)]


def test_a_missing_dataset_keeps_its_own_findings_open(computed: Computed) -> None:
    """C04 goes dataset by dataset."""
    both = [
        finding("7", "C04", "STOP", dataset=dataset, subject="person")
        for dataset in ("public_posts", "social_assistance")
    ]
    put(computed, MARCH, *both, checks=[ran("C04")])
    put(computed, APRIL, checks=[ran("C04", "public_posts")])
    assert [(f.dataset, f.closed_month) for f in computed.findings()] == [
        ("public_posts", None),
        ("social_assistance", "2021-04"),
    ]


def test_a_register_that_serves_from_an_earlier_month_closes_nothing_about_itself(
    computed: Computed,
) -> None:
    of_register = finding("7", "C03", "BACK", dataset="hukou_register", subject="person")
    put(computed, MARCH, of_register, checks=[ran("C03")])
    put(computed, APRIL, checks=[ran("C03")], serving={"hukou_register": "2021-03"})
    assert computed.findings()[0].closed_month is None
    put(computed, MAY, checks=[ran("C03")], serving={"hukou_register": "2021-05"})
    assert computed.findings()[0].closed_month == "2021-05"


def test_an_event_that_the_next_month_does_not_repeat_is_not_mended(computed: Computed) -> None:
    """A wrong name in April's accidents is put right by a correction of April, not by May."""
    event = finding("7", "C03", "BACK", dataset="traffic_accidents", subject="person")
    review = finding("R:1", "C20", "REVIEW")
    checks = [ran("C03"), ran("C20", event=True)]
    put(computed, APRIL, event, review, checks=checks)
    put(computed, MAY, checks=checks)
    assert [f.closed_month for f in computed.findings()] == [None, None]
    put(computed, APRIL, review, checks=checks)
    assert [(f.comparison_id, f.closed_month) for f in computed.findings()] == [
        ("C03", "2021-04"),
        ("C20", None),
    ]


def test_what_is_wrong_with_a_dataset_is_judged_by_its_next_delivery(computed: Computed) -> None:
    fault = finding("check_digit", "C01", "BACK", dataset="deaths", subject="reason")
    put(computed, APRIL, fault, checks=[ran("C01")])
    put(computed, MAY, checks=[ran("C01")])
    assert computed.findings()[0].closed_month == "2021-05"


def test_figures_open_nothing(computed: Computed) -> None:
    put(computed, APRIL, finding("甸阳镇", "C22", "INFO", subject="township"), checks=[ran("C22")])
    assert computed.findings() == []


def test_a_comparison_that_is_no_more_closes_nothing(computed: Computed) -> None:
    put(computed, MARCH, finding())
    put(computed, APRIL, checks=[])
    assert computed.findings()[0].closed_month is None


@pytest.mark.parametrize(
    ("found_thing", "owner"),
    [
        (finding(outcome="FIX"), ("township", "甸阳镇")),
        (finding(outcome="ASSET"), ("township", "甸阳镇")),
        (finding(outcome="FIX", household_id=None), ("county", "")),
        (finding(outcome="REVIEW"), ("county", "")),
        (finding(outcome="BACK", dataset="vehicles"), ("department", "public_security")),
        (finding(outcome="STOP", dataset="employment"), ("department", "human_resources")),
        (
            finding(outcome="STOP", verifies="medical_insurance"),
            ("department", "medical_insurance"),
        ),
        (finding(outcome="ENT"), ("department", "civil_affairs")),
    ],
)
def test_everything_has_an_owner(
    computed: Computed, found_thing: dict[str, Any], owner: tuple[str, str]
) -> None:
    put(computed, APRIL, found_thing)
    (found,) = computed.findings()
    assert (found.owner_kind, found.owner) == owner


def test_a_finding_tells_where_the_household_lives_and_both_sides(computed: Computed) -> None:
    sides = {
        "value": "是",
        "source": {"dataset": "monitoring_register", "file": "a.xlsx", "row": 5},
        "other_value": "低保名单中没有",
    }
    put(computed, APRIL, finding(rows=[sides]))
    (found,) = computed.findings()
    assert (found.township, found.village) == ("甸阳镇", "大寨村")
    assert found.evidence["rows"] == [sides]


def test_the_newest_month_says_what_it_looks_like(computed: Computed) -> None:
    put(computed, MARCH, finding(sentence="三月。"))
    moved = [household(township="由旺镇")]
    put(computed, APRIL, finding(sentence="四月。"), households=moved)
    put(computed, MARCH, finding(sentence="三月更正。"))
    (found,) = computed.findings()
    assert (found.evidence["sentence"], found.township, found.owner) == (
        "四月。",
        "由旺镇",
        "由旺镇",
    )


def test_a_month_that_could_not_judge_goes_on_telling_what_was_known_then(
    computed: Computed,
) -> None:
    put(computed, FEBRUARY, finding(sentence="二月。"))
    put(computed, MARCH, checks=[did_not_run("C09", "social_assistance")])
    put(computed, APRIL, finding(sentence="四月。"))
    for month, sentence, is_new, is_shown in (
        (FEBRUARY, "二月。", True, True),
        (MARCH, "二月。", False, False),
        (APRIL, "四月。", False, True),
    ):
        with computed.ledger.transaction() as session:
            (told,) = findings_told(session, computed.settings.lake, month, ["FIX"])
        assert (told.evidence["sentence"], told.is_new, told.is_shown) == (
            sentence,
            is_new,
            is_shown,
        )


def test_the_deadline_counts_from_the_day_on_which_the_owner_was_told(computed: Computed) -> None:
    put(computed, MARCH, finding())
    assert computed.findings()[0].due_on is None, "a recomputed month tells nobody"
    computed.put(month=APRIL, findings=[finding(), finding(outcome="STOP")], checks=[ran()])
    run(computed, APRIL, TOLD_ON)
    (found,) = computed.findings()
    # Five workdays after Thursday 6 May 2021; Saturday 8 May was a make-up day.
    assert (found.opened_on, found.due_on) == (TOLD_ON, date(2021, 5, 12))
    run(computed, APRIL, date(2021, 6, 1))
    assert computed.findings()[0].due_on == date(2021, 5, 12)


def test_a_past_month_that_loses_a_finding_cuts_it_and_the_later_months_take_it_up(
    computed: Computed,
) -> None:
    for month in (FEBRUARY, MARCH, APRIL):
        put(computed, month, finding())
    put(computed, MAY)
    put(computed, MARCH)
    assert lives(computed) == [
        ("R:1", 1, "2021-02", "2021-02", "2021-03"),
        ("R:1", 2, "2021-04", "2021-04", "2021-05"),
    ]
    put(computed, MARCH, finding())
    assert lives(computed) == [("R:1", 1, "2021-02", "2021-04", "2021-05")]


def test_a_past_month_that_is_computed_late_opens_it_earlier(computed: Computed) -> None:
    put(computed, APRIL, finding())
    put(computed, FEBRUARY, finding())
    put(computed, MARCH, finding())
    assert lives(computed) == [("R:1", 1, "2021-02", "2021-04", None)]
    assert table(computed, APRIL) == [(0, 0, 1)]


MONTHS = (FEBRUARY, MARCH, APRIL, MAY)
_SHOWN = st.sampled_from([None, True, False])  # not judged, shown, not shown


@pytest.fixture(scope="module")
def one_office(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """One ledger for many examples."""
    home = tmp_path_factory.mktemp("office")
    settings = Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")
    return Computed(settings, open_ledger(settings))


def expected_lives(shown: Mapping[Month, bool | None]) -> list[tuple[str, str, str | None]]:
    """The same by going through the months one after the other."""
    told: list[tuple[str, str, str | None]] = []
    for month in sorted(shown):
        is_open = bool(told) and told[-1][2] is None
        if shown[month]:
            if is_open:
                told[-1] = (told[-1][0], str(month), None)
            else:
                told.append((str(month), str(month), None))
        elif shown[month] is False and is_open:
            told[-1] = (*told[-1][:2], str(month))
    return told


@given(
    st.lists(st.tuples(_SHOWN, _SHOWN, _SHOWN, _SHOWN), min_size=1, max_size=3),
    st.permutations(MONTHS),
)
@hypothesis.settings(max_examples=25, deadline=None)
def test_the_order_in_which_months_are_computed_makes_no_difference(
    one_office: Computed, lives_of: list[tuple[bool | None, ...]], order: list[Month]
) -> None:
    with one_office.ledger.transaction() as session:
        session.execute(delete(Finding))
        session.execute(delete(Screening))
    subjects = {f"R:{n}": dict(zip(MONTHS, shown, strict=True)) for n, shown in enumerate(lives_of)}
    for month in order:
        # Each has a comparison of its own, which runs or does not.
        rules = {subject: f"C{subject[2:]}" for subject in subjects}
        shown = [finding(s, rules[s]) for s, life in subjects.items() if life[month]]
        checks = [
            did_not_run(rules[s]) if life[month] is None else ran(rules[s])
            for s, life in subjects.items()
        ]
        put(one_office, month, *shown, checks=checks)
    told = lives(one_office)
    for subject, life in subjects.items():
        of_subject = sorted(told_life[2:] for told_life in told if told_life[0] == subject)
        assert of_subject == expected_lives(life), (subject, life, order)


def test_what_a_person_settled_stays_so_while_the_data_go_on_showing_it(
    computed: Computed,
) -> None:
    put(computed, MARCH, finding())
    (found,) = computed.findings()
    with computed.ledger.transaction() as session:
        settle(session, [found.id], "残疾人证已注销，名册无误", "样例办公室", APRIL)
    put(computed, APRIL, finding())
    put(computed, MAY, finding())
    assert [table(computed, month) for month in (MARCH, APRIL, MAY)] == [
        [(1, 0, 1)],
        [(0, 1, 0)],
        [],
    ]
    june = Month(2021, 6)
    put(computed, june)
    assert table(computed, june) == [], "mended once is enough"
    put(computed, Month(2021, 7), finding())
    assert table(computed, Month(2021, 7)) == [(1, 0, 1)]


def test_settling_is_journalled_and_refused_twice(computed: Computed) -> None:
    put(computed, MARCH, finding("R:1"), finding("R:2"))
    first, second = (found.id for found in computed.findings())
    with computed.ledger.transaction() as session:
        settle(session, [first], "样例理由", "样例办公室", APRIL)
    with computed.ledger.transaction() as session:
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor, entry.detail) == (
            "办结比对问题",
            "样例办公室",
            {"reason": "样例理由"},
        )
    for numbers, told in (([second, first], "已经办结"), ([second, 999], "没有编号为 999")):
        with pytest.raises(FindingError, match=told), computed.ledger.transaction() as session:
            settle(session, numbers, "样例", "样例办公室", APRIL)
    with computed.ledger.transaction() as session:
        assert [found.id for found in findings_open(session, APRIL)] == [second]


def test_the_table_counts_by_comparison_and_township(computed: Computed) -> None:
    put(
        computed,
        APRIL,
        finding("R:1"),
        finding("R:2", household_id="R:2"),
        finding("7", "C25", "BACK", household_id=None, subject="person", dataset="vehicles"),
        households=[household("R:2", township="由旺镇")],
        checks=[ran("C09"), ran("C25")],
    )
    with computed.ledger.transaction() as session:
        assert counts(session, APRIL) == [
            FindingCounts("C09", "FIX", "由旺镇", 1, 0, 1),
            FindingCounts("C09", "FIX", "甸阳镇", 1, 0, 1),
            FindingCounts("C25", "BACK", "", 1, 0, 1),
        ]


def test_before_the_comparisons_ran_there_is_nothing_to_take_in(computed: Computed) -> None:
    with pytest.raises(ScreeningError, match="2021年4月还没有运行比对"):
        run(computed, APRIL)


def test_a_mismatch_between_two_departments_from_delivery_to_correction(office: Office) -> None:
    """C09 by its own SQL: told in March, not judged in April, put right in May."""
    register = """
        monitoring_register:
          - {person_id: A, household_no: 1, relation: 户主, receives_dibao: 是}
        hukou_register:
          - {person_id: A, hukou_id: 1, relation: 户主}
        """
    dibao = "social_assistance:\n          - {person_id: A, category: 农村低保}\n"
    for month, delivered in (
        (MARCH, register + "social_assistance: []\n"),
        (APRIL, register),
        (MAY, register + dibao),
    ):
        office.deliver(delivered, month)
        warn(month, office.settings, office.ledger)
        settle_findings(month, office.settings, office.ledger)
    with office.ledger.transaction() as session:
        (found,) = session.scalars(select(Finding).where(Finding.comparison_id == "C09"))
    assert (found.opened_month, found.seen_month, found.closed_month) == (
        "2021-03",
        "2021-03",
        "2021-05",
    )
    assert (found.owner_kind, found.owner, found.household_id) == ("township", "甸阳镇", "R:1")
    (row,) = found.evidence["rows"]
    assert (row["value"], row["source"]["file"]) == ("是", "monitoring_register.xlsx")
