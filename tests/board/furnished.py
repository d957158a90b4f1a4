"""A small installation in which every page has something to show: two townships, one month."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from sqlalchemy import select, update

from poverty_watch import report, screening, verification
from poverty_watch.contracts import load_catalogue
from poverty_watch.files import written_whole
from poverty_watch.identity import Keyring, check_digit
from poverty_watch.intake.answers.steps import FOLDER
from poverty_watch.intake.submissions import Submission
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import (
    Case,
    CaseStep,
    DatasetMonth,
    Delivery,
    Measure,
    SeenFile,
    Task,
)
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from tests.screening.given import deliver, person_id, write_down

APRIL = Month(2021, 4)
OWN, OTHER = "R:1", "R:2"
"""A household of 甸阳镇, and one of 姚关镇; each has a warning, a task, a finding and a case."""
COUNTY = """
monitoring_register:
  - {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户, township: 甸阳镇}
  - {person_id: B, household_no: 1, relation: 之子, township: 甸阳镇}
  - {person_id: C, household_no: 2, relation: 户主, monitored_class: 脱贫不稳定户, township: 姚关镇, village: 蒜园村}
  - {person_id: D, household_no: 3, relation: 之子, township: 甸阳镇}
  - {person_id: E, household_no: 4, relation: 之子, township: 姚关镇, village: 蒜园村}
hukou_register:
  - {person_id: A, hukou_id: 1, relation: 户主}
  - {person_id: C, hukou_id: 2, relation: 户主}
medical_expenses:
  - {person_id: A, inpatient_own_ytd: 60000}
  - {person_id: C, inpatient_own_ytd: 61000}
"""
FAULTS = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("header", pa.string()),
        ("fault", pa.string()),
        ("value", pa.string()),
    ]
)


def number_of(symbol: str) -> str:
    """The identity number of a symbolic person; nobody's."""
    seventeen = f"53052119800101{ord(symbol):03d}"
    return seventeen + check_digit(seventeen)


def furnish(settings: Settings) -> None:
    """Fill an empty installation."""
    ledger = open_ledger(settings)
    given = yaml.safe_load(COUNTY)
    write_down(ledger, deliver(settings.lake, given, APRIL))
    _own_departments(ledger)
    _sent_by_civil_affairs(settings, ledger)
    _stopped_of_finance(settings, ledger)
    screening.warn(APRIL, settings, ledger)
    screening.settle_findings(APRIL, settings, ledger, date(2021, 5, 6))
    screening.raise_leads(APRIL, settings, ledger)
    verification.open_tasks(APRIL, settings, ledger, date(2021, 5, 6))
    report.build_report(APRIL, settings, ledger, "draft")
    _people(settings, ledger)
    _cases(ledger)


def _own_departments(ledger: Ledger) -> None:
    owners = {
        dataset: load_catalogue().department_of(dataset).id
        for dataset in load_catalogue().contracts
    }
    with ledger.transaction() as session:
        for table in (Delivery, DatasetMonth):
            for dataset, owner in owners.items():
                session.execute(
                    update(table).where(table.dataset == dataset).values(department=owner)
                )


def _arrived(
    ledger: Ledger, department: str, dataset: str, name: str, verdict: dict[str, Any]
) -> Delivery:
    """One file that came in time, and what became of it."""
    at = datetime(2021, 5, 4, 1, tzinfo=UTC)
    file = SeenFile(
        month=str(APRIL),
        department=department,
        path=f"2021-04/{department}/{name}",
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        bytes=1,
        modified_at=at,
        first_seen_at=at,
        arrival=1,
        dataset=dataset,
        fate="settled",
        kind="whole",
    )
    delivery = Delivery(
        month=str(APRIL),
        dataset=dataset,
        department=department,
        content_sha256=Submission(dataset, (file,)).content_sha256,
        policy_sha256="sample",
        files=[{"name": name, "path": file.path, "sha256": file.sha256, "arrival": 1}],
        **verdict,
    )
    with ledger.transaction() as session:
        session.add_all([file, delivery])
        session.flush()
        session.add(
            DatasetMonth(
                month=str(APRIL),
                dataset=dataset,
                department=department,
                status=verdict["status"],
                delivery_id=delivery.id if verdict.get("version") else None,
                messages=verdict.get("messages", []),
            )
        )
    return delivery


def _sent_by_civil_affairs(settings: Settings, ledger: Ledger) -> None:
    rows = [
        {
            "source_file": "社会救助.xlsx",
            "source_sheet": "Sheet1",
            "source_row": 7,
            "column": "person_id",
            "header": "身份证号",
            "fault": "id_check_digit",
            "value": number_of("F"),
        },
        {
            "source_file": "社会救助.xlsx",
            "source_sheet": "Sheet1",
            "source_row": 9,
            "column": "admitted_on",
            "header": "纳入日期",
            "fault": "date",
            "value": "去年",
        },
    ]
    verdict = {
        "status": "accepted",
        "version": 1,
        "data_rows": 12,
        "accepted_rows": 10,
        "rejected_rows": 2,
        "faults": {"id_check_digit": 1, "date": 1},
    }
    delivery = _arrived(ledger, "civil_affairs", "social_assistance", "社会救助.xlsx", verdict)
    (given,) = _nil("social_assistance")
    Lake(settings.lake).write(
        "social_assistance",
        APRIL,
        1,
        given,
        pa.Table.from_pylist(rows, schema=FAULTS),
        {"content_sha256": delivery.content_sha256},
    )
    folder = settings.outbox / str(APRIL) / FOLDER / "民政局"
    _write(
        folder / "校验结果_社会救助_2021年4月_第1次.html",
        "<html><style>p { color: red; }</style><p>样例校验结果</p></html>",
    )
    _write(folder / "更正_社会救助_2021年4月_第1次.xlsx", f"样例更正表 {number_of('F')}")


def _nil(dataset: str) -> list[pa.Table]:
    from tests.screening.given import read

    return [one.accepted for one in read({dataset: []}, APRIL) if one.dataset == dataset]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _stopped_of_finance(settings: Settings, ledger: Ledger) -> None:
    verdict = {
        "status": "rejected",
        "data_rows": 30,
        "accepted_rows": 20,
        "rejected_rows": 10,
        "faults": {"id_check_digit": 10},
        "messages": ["行数比上月少了一半以上，整份暂停。"],
    }
    _arrived(ledger, "finance", "payroll", "财政供养.xlsx", verdict)


def _people(settings: Settings, ledger: Ledger) -> None:
    keys = Keyring.open(settings.keys)
    with ledger.transaction() as session:
        seal_identities(session, keys, {person_id(s): number_of(s) for s in "ABCDE"})
        seal_phones(session, keys, {person_id("A"): "10000000001"})


def _cases(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        tasks = {task.household_id: task for task in session.scalars(select(Task))}
        for household in (OWN, OTHER):
            task = tasks[household]
            case = Case(
                kind="identification",
                household_id=household,
                township=task.township,
                village=task.village,
                month=str(APRIL),
                origin="department",
                opened_on=date(2021, 5, 6),
                step="verify",
                due_on=date(2021, 5, 13),
                total_due_on=date(2021, 6, 3),
            )
            session.add(case)
            session.flush()
            session.add(
                CaseStep(
                    case_id=case.id,
                    number=1,
                    step="verify",
                    decision="confirmed",
                    actor="样本经办",
                    role="township",
                    place=task.township,
                    done_on=date(2021, 5, 8),
                    given={"visitors": ["样本甲", "样本乙"]},
                    policy_sha256="sample",
                )
            )
            for department in ("civil_affairs", "medical_insurance"):
                session.add(
                    Measure(
                        case_id=case.id,
                        household_id=household,
                        township=task.township,
                        village=task.village,
                        risk="因病",
                        kind="综合保障",
                        department=department,
                        is_developing=False,
                        planned_on=date(2021, 5, 8),
                        planned_by="样本经办",
                        due_on=date(2021, 6, 30),
                    )
                )
