"""From hits to leads: what is suppressed and why, what a second run changes, what is withdrawn."""

from __future__ import annotations

import pytest

from poverty_watch.ledger.models import HitFate
from poverty_watch.months import Month
from poverty_watch.screening import ScreeningError, raise_leads, warn
from tests.screening.conftest import APRIL, Office
from tests.screening.given import person_id

MAY = Month(2021, 5)
ONE_POOR_HOUSEHOLD = """
monitoring_register:
  - {person_id: A, household_no: 1, relation: 户主, household_type: 脱贫户, income_per_head: 90000}
"""
HOUSE_AND_BILL = (
    ONE_POOR_HOUSEHOLD
    + """
housing_safety:
  - {person_id: A, grade: D}
medical_expenses:
  - {person_id: A, inpatient_own_ytd: 6000}
"""
)
ONLY_BILL = ONE_POOR_HOUSEHOLD + "medical_expenses:\n  - {person_id: A, inpatient_own_ytd: 6000}\n"


# Nobody dies at working age here, and no bill eats up an income.
DEATH_OF_AN_OLD_MAN = """
births: {A: 1930-01-01}
deaths:
  - {person_id: A, died_on: 2021-04-02}
"""


def test_a_household_has_one_lead_with_all_its_reasons(office: Office) -> None:
    office.deliver(HOUSE_AND_BILL)

    outcome = office.screen()

    assert office.leads() == {"R:1": ("raised", "red", ["W01", "W09"])}
    assert (outcome.hits, outcome.leads, outcome.suppressed) == (2, 1, {})
    assert "命中 2 条，形成线索 1 户" in outcome.summary


def test_a_lead_says_where_the_household_lives(office: Office) -> None:
    office.deliver(HOUSE_AND_BILL)
    office.screen()
    (lead,) = office.everything()["lead"]
    assert (lead.township, lead.village) == ("甸阳镇", "大寨村")


def test_a_second_run_changes_no_row(office: Office) -> None:
    office.deliver(HOUSE_AND_BILL)
    office.screen()
    before = office.everything()

    outcome = office.screen()

    assert outcome.changed == 0
    assert office.everything() == before


@pytest.mark.parametrize(
    ("register", "bill", "fate"),
    [
        ("monitored_class: 脱贫不稳定户, risk_1: 因病", 6000, "a"),
        ("monitored_class: 脱贫不稳定户, risk_1: 因学, risk_5: 因大病", 6000, "a"),
        ("monitored_class: 脱贫不稳定户, risk_1: 因学", 6000, None),
        ("monitored_class: 脱贫不稳定户, risk_1: 因病", 10000, None),
        ("monitored_class: 脱贫不稳定户, is_eliminated: 是, risk_1: 因病", 6000, None),
        ("risk_1: 因病", 6000, None),
    ],
    ids=["known", "known by an alias", "another risk", "red", "eliminated", "not monitored"],
)
def test_a_known_risk_of_a_monitored_household(
    office: Office, register: str, bill: int, fate: str | None
) -> None:
    office.deliver(
        f"""
        monitoring_register:
          - {{person_id: A, household_no: 1, relation: 户主, income_per_head: 90000, {register}}}
        medical_expenses:
          - {{person_id: A, inpatient_own_ytd: {bill}}}
        """
    )
    office.screen()
    assert office.fates() == {("R:1", "W01"): fate}


def test_the_risk_other_is_never_known(office: Office) -> None:
    office.deliver(
        """
        monitoring_register:
          - {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户, risk_1: 其他}
        microcredit:
          - {person_id: A, due_on: 2021-05-10}
        """
    )
    office.screen()
    assert office.fates() == {("R:1", "W20"): None}


def test_a_household_without_a_living_member(office: Office) -> None:
    office.deliver(HOUSE_AND_BILL + DEATH_OF_AN_OLD_MAN)
    outcome = office.screen()
    assert office.fates() == {("R:1", "W01"): "e", ("R:1", "W09"): "e"}
    assert office.leads() == {}
    assert outcome.suppressed == {"e": 2}


def test_a_suppressed_hit_says_what_would_reopen_it(office: Office) -> None:
    office.deliver(ONLY_BILL + DEATH_OF_AN_OLD_MAN)
    office.screen()
    with office.ledger.transaction() as session:
        fate = session.get_one(HitFate, (str(APRIL), "R:1", "W01"))
    assert fate.reopens_when is not None
    assert "重新形成线索" in fate.reopens_when
    assert fate.evidence["rows"][0]["source"]["file"] == "medical_expenses.xlsx"


def test_a_task_that_is_still_open_takes_the_hit(office: Office) -> None:
    office.deliver(HOUSE_AND_BILL)
    office.open_task("R:1", {"W01": "2021-03"}, month="2021-03")
    office.screen()
    assert office.fates() == {("R:1", "W01"): "d", ("R:1", "W09"): None}
    assert office.leads() == {"R:1": ("raised", "red", ["W09"])}


@pytest.mark.parametrize(
    ("reasons", "month", "status"),
    [
        ({"W01": "2021-03"}, "2021-03", "closed"),
        ({"W09": "2021-03"}, "2021-03", "open"),
        ({"W01": "2021-04"}, "2021-04", "open"),
        ({"W01": "2021-04", "W09": "2021-03"}, "2021-03", "open"),
        ({"W01": "2021-05"}, "2021-05", "open"),
    ],
    ids=[
        "closed",
        "another rule",
        "this month's own",
        "this month's own reason",
        "a later month's",
    ],
)
def test_other_tasks_do_not_take_it(
    office: Office, reasons: dict[str, str], month: str, status: str
) -> None:
    office.deliver(ONLY_BILL)
    office.open_task("R:1", reasons, month, status)
    office.screen()
    assert office.fates() == {("R:1", "W01"): None}


def test_a_task_of_another_household_does_not_take_it(office: Office) -> None:
    office.deliver(ONLY_BILL)
    office.open_task("H:1", {"W01": "2021-03"}, "2021-03")
    office.screen()
    assert office.fates() == {("R:1", "W01"): None}


def test_the_fate_stays_when_the_task_was_closed_since(office: Office) -> None:
    office.deliver(ONLY_BILL)
    office.open_task("R:1", {"W01": "2021-03"}, "2021-03")
    office.screen()
    office.close_tasks()

    assert office.screen().changed == 0
    assert office.fates() == {("R:1", "W01"): "d"}


def test_a_lead_stays_when_an_earlier_months_task_was_opened_since(office: Office) -> None:
    office.deliver(ONLY_BILL)
    office.screen()
    office.open_task("R:1", {"W01": "2021-03"}, "2021-03")

    assert office.screen().changed == 0
    assert office.fates() == {("R:1", "W01"): None}


def test_the_first_reason_in_the_catalogues_order_is_recorded(office: Office) -> None:
    office.deliver(
        """
        monitoring_register:
          - {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户, risk_1: 因病}
        medical_expenses:
          - {person_id: A, inpatient_own_ytd: 6000}
        housing_safety:
          - {person_id: A, grade: C}
        births: {A: 1930-01-01}
        deaths:
          - {person_id: A, died_on: 2021-04-02}
        """
    )
    office.open_task("R:1", {"W01": "2021-03", "W09": "2021-03"}, "2021-03")
    office.screen()
    assert office.fates() == {("R:1", "W01"): "a", ("R:1", "W09"): "d"}


def test_a_corrected_delivery_withdraws_the_lead_and_a_later_one_raises_it_again(
    office: Office,
) -> None:
    office.deliver(ONLY_BILL)
    office.screen()
    office.deliver(ONE_POOR_HOUSEHOLD + "medical_expenses:\n  - {person_id: A}\n")

    outcome = office.screen()

    assert office.leads() == {"R:1": ("withdrawn", "orange", ["W01"])}
    assert office.fates() == {}
    assert outcome.withdrawn == 1
    assert "撤回线索 1 户" in outcome.summary
    assert office.screen().changed == 0

    office.deliver(HOUSE_AND_BILL)
    office.screen()
    assert office.leads() == {"R:1": ("raised", "red", ["W01", "W09"])}


def test_months_do_not_touch_each_other(office: Office) -> None:
    office.deliver(ONLY_BILL)
    office.screen()
    office.deliver(HOUSE_AND_BILL, MAY)
    office.screen(MAY)
    assert office.leads() == {"R:1": ("raised", "orange", ["W01"])}
    assert office.leads(MAY) == {"R:1": ("raised", "red", ["W01", "W09"])}


def test_leads_before_the_rules_ran_are_refused(office: Office) -> None:
    with pytest.raises(ScreeningError, match="2021年4月还没有运行预警规则"):
        raise_leads(APRIL, office.settings, office.ledger)


def test_no_identity_number_is_kept_with_a_hit(office: Office) -> None:
    office.deliver(ONLY_BILL)
    warn(APRIL, office.settings, office.ledger)
    (hit,) = office.table("hits")
    assert hit["person_id"] == person_id("A")
    assert "birth" not in hit["evidence"]
