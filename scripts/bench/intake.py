"""Intake against a bare calamine parse of the same workbooks.

Imports are timed apart: they are the same for one household and a hundred thousand.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from scripts.bench.county import inbox_county, place
from scripts.bench.measure import (
    Group,
    Line,
    Outcome,
    Result,
    Say,
    Size,
    Verdict,
    Watch,
    in_own_process,
)

DATASETS = (
    "hukou_register", "monitoring_register", "deaths", "medical_expenses", "medical_enrolment",
    "social_assistance", "disability_certificates", "housing_safety", "microcredit", "property",
    "vehicles",
)  # fmt: skip
"""The datasets that are measured; the floor reads the very same."""

MOST_TIMES_THE_FLOOR = 2.5
MOST_MEGABYTES = 3072


def _workbooks(size: Size) -> list[Path]:
    return sorted((place(size, "inbox") / "inbox" / size.month).glob("*/*.xlsx"))


def part_parse(size: Size) -> Result:
    """Floor: every cell of every workbook, parsed and dropped."""
    watch = Watch()

    def load() -> Any:
        import python_calamine

        return python_calamine

    calamine = watch.importing(load)

    def parse() -> int:
        rows = 0
        for path in _workbooks(size):
            book = calamine.CalamineWorkbook.from_path(path)
            for name in book.sheet_names:
                rows += len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        return rows

    rows = watch.working(parse)
    return watch.result(rows=rows)


def part_intake(size: Size) -> Result:
    """Fetch, validate and settle all departments; reading and judging timed apart from storing."""
    watch = Watch()

    def load() -> tuple[Any, ...]:
        import great_expectations  # noqa: F401
        import pandas  # noqa: F401

        from poverty_watch.contracts import load_catalogue
        from poverty_watch.intake import judgement, steps, suites
        from poverty_watch.ledger.store import open_ledger
        from poverty_watch.months import Month
        from poverty_watch.settings import Settings

        return load_catalogue, judgement, steps, suites, open_ledger, Month, Settings

    load_catalogue, judgement, steps, _, open_ledger, month_type, settings_type = watch.importing(
        load
    )
    reading, judging = Watch(), Watch()
    read_sheets, judge = judgement.read_sheets, judgement.judge_submission
    judgement.read_sheets = partial(reading.working, read_sheets)
    judgement.judge_submission = partial(judging.working, judge)
    county = place(size, "inbox")
    home = county / "run"
    settings = settings_type(home, county / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    ledger = open_ledger(settings)
    when = month_type.parse(size.month)
    catalogue = load_catalogue()
    owing = sorted({catalogue.department_of(dataset).id for dataset in DATASETS})

    def take_in() -> list[str]:
        said = []
        for department in owing:
            steps.fetch(department, when, settings, ledger)
            steps.validate(department, when, settings, ledger)
            said.append(steps.settle(department, when, settings, ledger).summary)
        return said

    said = watch.working(take_in)
    return watch.result(reading=reading.seconds, judging=judging.seconds, said=said)


def _judge(results: Mapping[str, Result]) -> Outcome:
    parse, intake = results["parse"], results["intake"]
    floor, reading = parse["seconds"], intake["reading"]
    lines = [
        Line("底线：只解析工作簿", floor, parse["cpu"], None, "", parse["megabytes"]),
        Line("读取", reading, None, reading / floor, "底线"),
        Line("规范 + 校验", intake["judging"] - reading, None, (intake["judging"] - reading) / floor, "底线"),
        Line(
            "读取 + 规范 + 校验", intake["judging"], None, intake["judging"] / floor, "底线",
            intake["megabytes"], intake["imports"],
        ),
        Line("另：留存原件、密存、入湖、登记", intake["seconds"] - intake["judging"]),
    ]  # fmt: skip
    ratio, peak = intake["judging"] / floor, intake["megabytes"]
    verdicts = [
        Verdict(
            ratio <= MOST_TIMES_THE_FLOOR,
            f"接收为只解析的 {ratio:.2f} 倍，要求不超过 {MOST_TIMES_THE_FLOOR} 倍（导入另计）",
        ),
        Verdict(
            peak <= MOST_MEGABYTES,
            f"接收峰值内存 {peak:.0f} MB，要求不超过 {MOST_MEGABYTES} MB",
        ),
    ]
    return Outcome("接收", lines, verdicts, intake["said"])


def run(size: Size, say: Say) -> Outcome:
    """Make the workbooks, measure both parts."""
    inbox_county(size, DATASETS, say)
    results = {}
    for part in GROUP.parts:
        say(f"正在测量：接收 {part} ……")
        results[part] = in_own_process("intake", part, size, _workbooks(size))
    return _judge(results)


GROUP = Group("intake", {"parse": part_parse, "intake": part_intake}, run)
