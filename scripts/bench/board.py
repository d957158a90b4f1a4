"""How fast the board's pages answer over a county of that size, a year of months in its ledger."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

from scripts.bench.county import place
from scripts.bench.lake_county import lake_county
from scripts.bench.measure import (
    Group,
    Line,
    Outcome,
    Result,
    Say,
    Size,
    Verdict,
    in_own_process,
)

MOST_MILLISECONDS = 300
ASKED = 20
MONTHS = 12
_TOWNSHIP = "甸阳镇"


def home_of(size: Size) -> Path:
    """The installation that is asked."""
    return place(size, "board")


def _settings(home: Path) -> Any:
    from poverty_watch.settings import Settings

    return Settings(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")


def board_county(size: Size, say: Say) -> Path:
    """The lake's county, screened, with tasks and a year of such months behind it; made once."""
    home = home_of(size)
    if home.is_dir():
        return home
    source = lake_county(size, say)
    say("正在为网页准备一年的台账 ……")
    beside = home.with_name(f".{home.name}")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside, ignore=shutil.ignore_patterns("screening"))
    _run_the_month(beside, size)
    _repeat_the_month(beside, size)
    _repeat_the_deliveries(beside, size)
    beside.rename(home)
    return home


def _run_the_month(home: Path, size: Size) -> None:
    from sqlalchemy import update

    from poverty_watch import screening, verification
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.ledger.models import DatasetMonth, Delivery
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month

    settings, month = _settings(home), Month.parse(size.month)
    ledger = open_ledger(settings)
    with ledger.transaction() as session:
        for dataset in load_catalogue().contracts:
            owner = load_catalogue().department_of(dataset).id
            for table in (Delivery, DatasetMonth):
                session.execute(
                    update(table).where(table.dataset == dataset).values(department=owner)
                )
    told_on = (month + 1).first_day + timedelta(days=5)
    screening.warn(month, settings, ledger)
    screening.settle_findings(month, settings, ledger, told_on)
    screening.raise_leads(month, settings, ledger)
    verification.open_tasks(month, settings, ledger, told_on)


def _repeat_the_month(home: Path, size: Size) -> None:
    """The month's hits, leads, tasks and findings again as those of the months before it."""
    from sqlalchemy import text

    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month

    last = Month.parse(size.month)
    with open_ledger(_settings(home)).transaction() as session:
        for back in range(1, MONTHS):
            month = last - back
            given = {"month": str(month), "last": str(last), "day": str(_decided(month))}
            for statement in _STATEMENTS:
                session.execute(text(statement), given)
    with open_ledger(_settings(home)).engine.connect() as connection:
        connection.execute(text("analyze"))


def _repeat_the_deliveries(home: Path, size: Size) -> None:
    """Deliveries of every month with the file that they came in; what was returned of each again."""
    from sqlalchemy import select

    from poverty_watch.intake.submissions import Submission
    from poverty_watch.lake.versions import Lake
    from poverty_watch.ledger.models import DatasetMonth, Delivery, SeenFile
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month

    settings, last = _settings(home), Month.parse(size.month)
    lake = Lake(settings.lake)
    with open_ledger(settings).transaction() as session:
        known = {(one.month, one.dataset): one for one in session.scalars(select(Delivery)).all()}
        for month in (last - back for back in range(MONTHS)):
            came = datetime.combine((month + 1).first_day, clock(1), UTC) + timedelta(days=3)
            for (of, dataset), model in list(known.items()):
                if of != size.month:
                    continue
                path = f"{month}/{model.department}/{dataset}.xlsx"
                file = SeenFile(
                    month=str(month),
                    department=model.department,
                    path=path,
                    sha256=hashlib.sha256(path.encode()).hexdigest(),
                    bytes=1,
                    modified_at=came,
                    first_seen_at=came,
                    arrival=1,
                    dataset=dataset,
                    fate="settled",
                    kind="whole",
                )
                session.add(file)
                delivery = known.get((str(month), dataset)) or Delivery(
                    month=str(month),
                    dataset=dataset,
                    department=model.department,
                    policy_sha256="sample",
                    status=model.status,
                    version=1,
                    accepted_rows=model.accepted_rows,
                    rejected_rows=model.rejected_rows,
                )
                delivery.content_sha256 = Submission(dataset, (file,)).content_sha256
                delivery.data_rows = model.accepted_rows + model.rejected_rows
                delivery.files = [{"name": path, "path": path, "sha256": file.sha256}]
                session.add(delivery)
                session.flush()
                session.merge(
                    DatasetMonth(
                        month=str(month),
                        dataset=dataset,
                        department=model.department,
                        status=model.status,
                        delivery_id=delivery.id,
                    )
                )
                returned = lake.set_aside(dataset, month, 1)
                if not returned.exists():
                    returned.parent.mkdir(parents=True)
                    shutil.copyfile(lake.set_aside(dataset, last, 1), returned)


def _decided(month: Any) -> date:
    return (month + 1).first_day + timedelta(days=9)


_STATEMENTS = (
    """
    insert into screening (month, fingerprint, inputs, checks, serving, confirmed_at)
    select :month, fingerprint, inputs, checks, serving, confirmed_at from screening
    where month = :last
    """,
    """
    insert into lead (month, household_id, severity, reasons, township, village, status)
    select :month, household_id, severity, reasons, township, village, status from lead
    where month = :last
    """,
    """
    insert into hit_fate
    (month, household_id, rule_id, severity, value, threshold, evidence, suppressed, reopens_when,
     events, task_id)
    select :month, household_id, rule_id, severity, value, threshold, evidence, suppressed,
     reopens_when, events, task_id
    from hit_fate where month = :last
    """,
    """
    insert into task
    (household_id, township, village, month, opened_on, due_on, status, outcome, decided_on)
    select household_id, township, village, :month, opened_on, due_on, 'closed',
     case id % 4 when 0 then 'confirmed' when 1 then 'monitored' else 'excluded' end, :day
    from task where month = :last
    """,
    """
    insert into task_reason
    (task_id, rule_id, month, since, severity, sentence, question, value, threshold, events)
    select task.id, hit_fate.rule_id, task.month, task.month, hit_fate.severity, '样例', '样例',
     hit_fate.value, hit_fate.threshold, hit_fate.events
    from task inner join hit_fate
     on hit_fate.household_id = task.household_id and hit_fate.month = task.month
    where task.month = :month and hit_fate.suppressed is null
    """,
    """
    insert into finding
    (comparison_id, subject, subject_id, dataset, round, outcome, owner_kind, owner, household_id,
     person_id, township, village, evidence, opened_month, opened_on, due_on, seen_month,
     closed_month)
    select comparison_id, subject, subject_id, dataset, round, outcome, owner_kind, owner,
     household_id, person_id, township, village, evidence, :month, opened_on, due_on, :month, :last
    from finding where opened_month = :last
    """,
)


def part_pages(size: Size) -> Result:
    """Every page, asked again and again by those who may open it, through the whole application."""
    home = home_of(size)
    os.environ["POVERTY_WATCH_HOME"] = str(home)
    os.environ["POVERTY_WATCH_TODAY"] = str(_decided(_month(size)))
    for name in ("POVERTY_WATCH_LEDGER_URL", "POVERTY_WATCH_LEDGER_URL_FILE"):
        os.environ.pop(name, None)
    from fastapi import Request
    from fastapi.testclient import TestClient

    from poverty_watch.board import Account, create_app, warm_up

    async def by_header(request: Request) -> Account:
        role = request.headers["x-role"]
        return Account("样例", ({"county": "县专班", "township": _TOWNSHIP}[role],))

    client = TestClient(create_app(by_header), follow_redirects=False)
    times: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    # First, so that the ledger is brought to the newest schema.
    paths = list(_paths(size, home))
    rows = _rows(home)
    for _, role, path in paths:
        answer = client.get(path, headers={"x-role": role})
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    warm_up()
    for title, role, path in paths * ASKED:
        started, used = time.perf_counter(), time.process_time()
        client.get(path, headers={"x-role": role})
        times.setdefault(title, []).append((time.perf_counter() - started) * 1000)
        cpu.setdefault(title, []).append((time.process_time() - used) * 1000)
    return {"times": times, "cpu_times": cpu, "rows": rows}


def _month(size: Size) -> Any:
    from poverty_watch.months import Month

    return Month.parse(size.month)


def _rows(home: Path) -> dict[str, int]:
    """How many rows the pages have to choose from."""
    from sqlalchemy import func, select

    from poverty_watch.ledger.models import Finding, HitFate, Lead, Task
    from poverty_watch.ledger.reading import open_to_read

    ledger = open_to_read(_settings(home))
    assert ledger is not None
    with ledger.transaction() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in (HitFate, Lead, Task, Finding)
        }


def _paths(size: Size, home: Path) -> Iterator[tuple[str, str, str]]:
    """Title, role and path of what is asked: every page of the menu, and what one finds below it."""
    from poverty_watch.board.pages import MENU

    for entry in MENU:
        for role in ("county", "township"):
            if role in entry.roles:
                yield f"{entry.title}（{_ROLES[role]}）", role, entry.path
    found = _examples(size, home)
    month = size.month
    for title, path in {
        "一份报送": f"/deliveries/{month}/medical_expenses",
        "一条规则的户": f"/warnings/{month}/{found['rule']}",
        "一条规则的户，后面的页": f"/warnings/{month}/{found['rule']}?page=9",
        "一项比对的逐条": f"/comparisons/{month}/{found['comparison']}",
        "一个乡镇已核实的任务，后面的页": f"/verification/tasks?state=done&place={_TOWNSHIP}&page=50",
        "一户": f"/households/{month}/{found['household']}",
        "一条规则的记录": f"/rules/{found['rule']}",
    }.items():
        yield f"{title}（县专班）", "county", path
    yield "一户（乡镇）", "township", f"/households/{month}/{found['household']}"


def _examples(size: Size, home: Path) -> dict[str, str]:
    """The rule and the comparison that found most, and a household of the township."""
    from sqlalchemy import func, select

    from poverty_watch.ledger.models import Finding, HitFate, Lead
    from poverty_watch.ledger.store import open_ledger

    def most(column: Any, month: Any) -> Any:
        wanted = select(column).where(month == size.month).group_by(column)
        return wanted.order_by(func.count().desc(), column).limit(1)

    with open_ledger(_settings(home)).transaction() as session:
        household = select(Lead.household_id).where(
            Lead.month == size.month, Lead.township == _TOWNSHIP
        )
        return {
            "rule": str(session.scalar(most(HitFate.rule_id, HitFate.month))),
            "comparison": str(session.scalar(most(Finding.comparison_id, Finding.opened_month))),
            "household": str(session.scalar(household.order_by(Lead.household_id).limit(1))),
        }


_ROLES = {"county": "县专班", "township": "乡镇"}


def _judge(results: Mapping[str, Result]) -> Outcome:
    times: dict[str, list[float]] = results["pages"]["times"]
    cpu: dict[str, list[float]] = results["pages"]["cpu_times"]
    lines = [
        Line(f"{title} p95", _p95(taken) / 1000, _p95(cpu[title]) / 1000)
        for title, taken in times.items()
    ]
    slow = {title: _p95(taken) for title, taken in times.items() if _p95(taken) > MOST_MILLISECONDS}
    everything = [one for taken in times.values() for one in taken]
    worst = max(times, key=lambda title: _p95(times[title]))
    told = f"网页 p95 {_p95(everything):.0f} 毫秒，最慢的“{worst}”{_p95(times[worst]):.0f} 毫秒，要求每页不超过 {MOST_MILLISECONDS} 毫秒"
    rows = results["pages"]["rows"]
    note = "台账里 " + "，".join(f"{name} {count:,} 行" for name, count in rows.items())
    return Outcome("网页", lines, [Verdict(not slow, told)], [note])


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]


def run(size: Size, say: Say) -> Outcome:
    """Make the county, ask every page, judge."""
    board_county(size, say)
    say("正在测量：网页 ……")
    return _judge({"pages": in_own_process("board", "pages", size, ())})


GROUP = Group("board", {"pages": part_pages}, run)
