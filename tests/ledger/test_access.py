"""Each office sees and changes its own rows alone: in the query layer, and on PostgreSQL in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

import poverty_watch
from poverty_watch.ledger.access import Viewer, seen_by
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import (
    Base,
    Case,
    CaseStep,
    DatasetMonth,
    Finding,
    HitFate,
    JournalEntry,
    Lead,
    Measure,
    Screening,
    SealedPerson,
    Task,
    TaskReason,
)
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.settings import Settings

HERE, THERE = "甸阳镇", "由旺镇"
DAY = date(2021, 5, 6)
COUNTY = Viewer("样例县", "county")
TOWNSHIP = Viewer("样例镇", "township", HERE)
DEPARTMENT = Viewer("样例局", "department", "housing")
LOOKING = Viewer("样例看", "viewer")


def household(session: Session, number: int, township: str, department: str) -> None:
    """Everything that the ledger may hold of a household, and a delivery of a department."""
    place = {"township": township, "village": "样例村", "household_id": f"R:{number}"}
    task = Task(
        **place,
        month="2021-04",
        opened_on=DAY,
        due_on=DAY,
        reasons=[
            TaskReason(
                rule_id="W01",
                month="2021-04",
                since="2021-04",
                severity="red",
                sentence="样例",
                question="样例",
            )
        ],
    )
    case = Case(
        **place,
        kind="identification",
        month="2021-04",
        origin="department",
        opened_on=DAY,
        total_due_on=DAY,
        steps=[step(1)],
    )
    session.add_all(
        [
            task,
            case,
            Lead(**place, month="2021-04", severity="red", reasons=["W01"]),
            Measure(
                **place,
                risk="住房安全",
                kind="住房安全保障",
                department=department,
                is_developing=False,
                planned_on=DAY,
                planned_by="样例",
                due_on=DAY,
            ),
            Finding(
                **place,
                comparison_id="C14",
                subject="household",
                subject_id=f"R:{number}",
                dataset="",
                outcome="ASSET",
                owner_kind="department",
                owner=department,
                evidence={},
                opened_month="2021-04",
                seen_month="2021-04",
            ),
            HitFate(
                month="2021-04",
                household_id=f"R:{number}",
                rule_id="W01",
                severity="red",
                evidence={},
            ),
            DatasetMonth(
                month="2021-04", dataset=f"set_{number}", department=department, status="missing"
            ),
            SealedPerson(person_id=number, identity=b"sample"),
        ]
    )
    record(session, "试", f"R:{number}")


def step(number: int, **given: Any) -> CaseStep:
    return CaseStep(
        number=number,
        step="verify",
        decision="confirmed",
        actor="样例",
        role="county",
        done_on=DAY,
        policy_sha256="p",
        **given,
    )


def fill(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        household(session, 1, HERE, "housing")
        household(session, 2, HERE, "water")
        household(session, 3, THERE, "housing")
        session.add(Screening(month="2021-04", fingerprint="f", inputs=[], checks=[]))


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    fill(ledger)
    return ledger


SEEN = [
    (COUNTY, {Task: 3, TaskReason: 3, Case: 3, CaseStep: 3, Lead: 3, HitFate: 3, Measure: 3}),
    (COUNTY, {Finding: 3, DatasetMonth: 3, SealedPerson: 3, JournalEntry: 3, Screening: 1}),
    (TOWNSHIP, {Task: 2, TaskReason: 2, Case: 2, CaseStep: 2, Lead: 2, HitFate: 2, Measure: 2}),
    (TOWNSHIP, {Finding: 2, DatasetMonth: 0, SealedPerson: 0, JournalEntry: 0, Screening: 1}),
    (DEPARTMENT, {Task: 0, TaskReason: 0, Case: 0, CaseStep: 0, Lead: 0, HitFate: 0, Measure: 2}),
    (DEPARTMENT, {Finding: 2, DatasetMonth: 2, SealedPerson: 0, JournalEntry: 0, Screening: 1}),
    (LOOKING, {Task: 3, TaskReason: 3, Case: 3, CaseStep: 3, Lead: 3, HitFate: 3, Measure: 3}),
    (LOOKING, {Finding: 3, DatasetMonth: 3, SealedPerson: 0, JournalEntry: 0, Screening: 1}),
]


@pytest.mark.parametrize(("viewer", "counts"), SEEN)
def test_each_sees_its_own_rows_alone(
    filled: Ledger, viewer: Viewer, counts: dict[type[Base], int]
) -> None:
    with filled.transaction(viewer) as session:
        assert {model: len(session.scalars(select(model)).all()) for model in counts} == counts
        # However it is asked: by columns, counted, or joined.
        for model, count in counts.items():
            assert session.scalar(select(func.count()).select_from(model)) == count
        joined = select(Measure.risk).join(Case, Case.household_id == Measure.household_id)
        own = {COUNTY: 3, TOWNSHIP: 2, DEPARTMENT: 0, LOOKING: 3}
        assert len(session.execute(joined).all()) == own[viewer]


def test_another_townships_row_is_not_found_by_its_key_or_along_a_relationship(
    filled: Ledger,
) -> None:
    with filled.transaction() as session:
        there = session.scalars(select(Case).where(Case.township == THERE)).one().id
    with filled.transaction(TOWNSHIP) as session:
        assert session.get(Case, there) is None
        tasks = session.scalars(select(Task).options(selectinload(Task.reasons))).all()
        assert [len(task.reasons) for task in tasks] == [1, 1]
        steps = session.scalars(select(CaseStep).options(selectinload(CaseStep.case))).all()
        assert {step.case.township for step in steps} == {HERE}


def test_a_township_changes_its_own_rows(filled: Ledger) -> None:
    with filled.transaction(TOWNSHIP) as session:
        case = session.scalars(select(Case).order_by(Case.id)).first()
        assert case is not None
        case.outcome_reason = "样例"
        session.add(step(2, case_id=case.id))
        record(session, "试", "改")
    with filled.transaction() as session:
        assert session.query(CaseStep).count() == 4
        assert session.query(JournalEntry).count() == 4


def move(session: Session) -> None:
    session.scalars(select(Case)).first().township = THERE  # type: ignore[union-attr]


def add_there(session: Session) -> None:
    session.add(
        Task(
            household_id="R:9",
            township=THERE,
            village="样例村",
            month="2021-04",
            opened_on=DAY,
            due_on=DAY,
        )
    )


def add_step_there(session: Session) -> None:
    session.add(step(2, case_id=3))


def update_all(session: Session) -> None:
    session.execute(update(Task).values(status="closed"))


def delete_all(session: Session) -> None:
    session.execute(delete(Task))


def add_a_secret(session: Session) -> None:
    session.add(SealedPerson(person_id=9, identity=b"x"))


@pytest.mark.parametrize(
    "change", [move, add_there, add_step_there, update_all, delete_all, add_a_secret]
)
def test_a_township_cannot_change_what_is_not_its_own(filled: Ledger, change: Any) -> None:
    with pytest.raises((AccessError, DBAPIError)), filled.transaction(TOWNSHIP) as session:
        change(session)
    with filled.transaction() as session:
        assert session.query(Task).where(Task.status == "open").count() == 3
        assert session.query(Case).where(Case.township == HERE).count() == 2


@pytest.mark.parametrize("statement", [text("SELECT * FROM task"), select(Task.__table__)])
def test_nobody_reads_round_the_query_layer(filled: Ledger, statement: Any) -> None:
    with pytest.raises(AccessError), filled.transaction(TOWNSHIP) as session:
        session.execute(statement)


def test_who_only_looks_changes_nothing(filled: Ledger) -> None:
    with pytest.raises(AccessError), filled.transaction(LOOKING) as session:
        session.scalars(select(Task)).first().status = "closed"  # type: ignore[union-attr]


def test_a_viewer_must_say_where_it_belongs() -> None:
    with pytest.raises(AccessError, match="哪个乡镇"):
        Viewer("样例", "township")
    with pytest.raises(AccessError, match="没有"):
        Viewer("样例", "mayor")  # type: ignore[arg-type]


def test_who_only_looks_reads_no_full_names() -> None:
    assert LOOKING.shown_name("样例甲") == "样**"
    assert TOWNSHIP.shown_name("样例甲") == "样例甲"
    assert LOOKING.shown_name(None) == ""


def test_a_table_of_somebodys_rows_says_whose_they_are() -> None:
    """A new table that forgets it would be the county's alone, and a township's list empty."""
    for table in Base.metadata.sorted_tables:
        said = seen_by(table)
        if "township" in table.c:
            assert said.township == "township", table.name
        if "department" in table.c:
            assert said.department == "department", table.name
        if table.info.get("seen_by") is None:
            assert not table.foreign_keys, f"{table.name} does not say who sees it"


# What follows is PostgreSQL's own doing: asked without the query layer, as the owner of the tables.


@pytest.fixture(scope="module")
def office(bound_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = open_ledger(Settings(tmp_path_factory.mktemp("office"), Path(), bound_url))
    fill(ledger)
    yield ledger
    ledger.engine.dispose()


@pytest.mark.parametrize(("viewer", "counts"), SEEN)
def test_the_database_shows_no_more(
    office: Ledger, viewer: Viewer, counts: dict[type[Base], int]
) -> None:
    with office.transaction(viewer) as session:
        found = {
            model: session.connection().scalar(text(f"SELECT count(*) FROM {model.__tablename__}"))
            for model in counts
        }
    assert found == counts


def test_a_viewer_does_not_outlive_its_transaction(office: Ledger) -> None:
    with office.transaction(TOWNSHIP):
        pass
    with office.transaction() as session:
        assert session.connection().scalar(text("SELECT count(*) FROM task")) == 3


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE task SET township = '{HERE}' WHERE township = '{THERE}'",
        f"DELETE FROM task_reason WHERE task_id IN (SELECT id FROM task WHERE township = '{THERE}')",
        f"DELETE FROM lead WHERE township = '{THERE}'",
    ],
)
def test_the_database_changes_none_of_anothers_rows(office: Ledger, statement: str) -> None:
    with office.transaction(TOWNSHIP) as session:
        assert session.connection().execute(text(statement)).rowcount == 0


def test_the_database_takes_no_row_for_another_township(office: Ledger) -> None:
    insert = (
        "INSERT INTO lead (month, household_id, severity, reasons, township, village, status)"
        f" VALUES ('2021-04', 'R:8', 'red', '[]', '{THERE}', '样例村', 'raised')"
    )
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        office.transaction(TOWNSHIP) as session,
    ):
        session.connection().execute(text(insert))


def test_a_connection_that_says_nothing_sees_nothing(office: Ledger) -> None:
    bare = create_engine(office.engine.url)
    with bare.connect() as connection:
        counts = {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}"))
            for name in inspect(bare).get_table_names()
            if name not in ("alembic_version", "journal_head")
        }
    bare.dispose()
    assert set(counts) >= {"task", "lead", "sealed_person", "journal"}
    assert set(counts.values()) == {0}


def test_no_verb_export_or_page_goes_round_the_layer() -> None:
    """On SQLite only the layer narrows what is read: raw connections are for the ledger's own work."""
    raw = re.compile(r"\.connection\(\)|exec_driver_sql|ledger\.engine")
    library = Path(poverty_watch.__file__).parent
    found = {
        path.relative_to(library).parts[0]
        for path in library.rglob("*.py")
        if raw.search(path.read_text("utf-8"))
    }
    assert found <= {"ledger", "upkeep"}
