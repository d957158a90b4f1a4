"""Law cards: the page in docs says what the files say, and the record is the ledger's."""

from __future__ import annotations

from poverty_watch.contracts import load_catalogue
from poverty_watch.screening.cards import all_cards, card, cases_of, check_named
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.screening.parameters import load_parameters
from poverty_watch.screening.track_record import record_of
from poverty_watch.settings import PROJECT
from tests.screening.conftest import Office

GIVEN = """
monitoring_register:
  - {person_id: A, household_no: 1, relation: 户主, household_type: 脱贫户}
medical_expenses:
  - {person_id: A, inpatient_own_ytd: 6000}
"""


def _card(check_id: str) -> list[str]:
    file = check_named(check_id, load_definitions())
    assert file is not None
    return list(card(file, load_parameters(), load_catalogue()))


def test_the_page_in_docs_is_up_to_date() -> None:
    page = all_cards(load_definitions(), load_parameters(), load_catalogue())
    kept = (PROJECT / "docs" / "规则说明.md").read_text(encoding="utf-8")
    assert kept == page, "重新生成：poverty-watch card --all > docs/规则说明.md"


def test_a_card_tells_dated_parameters_basis_and_cases() -> None:
    definitions, parameters = load_definitions(), load_parameters()
    file = check_named("w01", definitions)
    assert file is not None
    told = "\n".join(card(file, parameters, load_catalogue()))
    assert file.header.basis in told
    assert file.header.missing in told
    for name in file.header.parameters:
        for value in parameters[name].values:
            assert value.text in told
            assert value.confirmed or "未经县审定" in told
    assert "样本A今年住院自付累计5000元，达到5000元的预警线。" in told
    assert "- 核实部门：医保局" in told
    assert "- 核实部门：报送该数据的部门" in "\n".join(_card("C03"))
    assert check_named("W99", definitions) is None


def test_every_card_tells_cases_that_fire_stay_quiet_and_cannot_be_judged() -> None:
    definitions = load_definitions()
    for file in (*definitions.rules, *definitions.comparisons):
        cases, told = cases_of(file.id), "\n".join(_card(file.id))
        assert cases.fires, file.id
        for about in (*cases.fires, *cases.quiet, *cases.cannot_judge):
            assert f"  - {about}" in told
        if file.header.sources:
            assert cases.cannot_judge, f"{file.id}: no case without its source"


def test_the_record_counts_hits_of_the_month(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()
    with office.ledger.transaction() as session:
        (april,) = record_of(session, "W01")
        assert (april.month, april.hits, april.verified) == ("2021-04", 1, 0)
        assert "属实率" not in april.told
        assert record_of(session, "W02") == ()
