"""Intake: reading, standardising and validating, against the least that must be done and a usual way.

The floor is a bare parse of the same files and the bare run of the same suites on frames made
beforehand. The usual way is openpyxl and pandas. Processor time is compared, for the machine may be
busy; imports are timed apart, being the same for one household and a hundred thousand.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scripts.bench.county import inbox_county, place
from scripts.bench.long_tables import DATASET, long_table
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

MOST_TIMES_THE_FLOOR = 2.5
LEAST_TIMES_FASTER = 5.0
MOST_MEGABYTES = 2048
LENGTHS = (10_000, 100_000, 1_000_000)
MOST_UNEVEN = 1.2
SHORT = 10
ROUNDS = 3
FORMATS: tuple[Literal["xlsx", "csv"], ...] = ("xlsx", "csv")


@dataclass(frozen=True)
class Delivered:
    """A dataset's file and all that is needed to judge it."""

    dataset: str
    path: Path
    contract: Any
    suite: Path


def _files(size: Size, file_format: str) -> list[Path]:
    inbox = place(size, f"inbox-{file_format}") / "inbox" / size.month
    return sorted(inbox.glob(f"*/*.{file_format}"))


def _deliveries(size: Size, file_format: str) -> list[Delivered]:
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.intake.names import dataset_in

    catalogue = load_catalogue()
    found = []
    for path in _files(size, file_format):
        department = catalogue.departments[path.parent.name]
        dataset = dataset_in(path.name, catalogue, department)
        assert dataset is not None, path
        suite = department.suite_path(dataset)
        found.append(Delivered(dataset, path, department.contracts[dataset], suite))
    return found


def _import_intake() -> Any:
    import great_expectations  # noqa: F401
    import pandas  # noqa: F401
    import python_calamine  # noqa: F401

    from poverty_watch.intake import judgement

    return judgement


# ---- the floor


def part_parse_xlsx(size: Size) -> Result:
    """Every cell of every workbook, parsed and dropped."""
    watch = Watch()

    def load() -> Any:
        import python_calamine

        return python_calamine

    calamine = watch.importing(load)

    def parse() -> int:
        rows = 0
        for path in _files(size, "xlsx"):
            book = calamine.CalamineWorkbook.from_path(path)
            for name in book.sheet_names:
                rows += len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        return rows

    rows = watch.working(parse)
    return watch.result(rows=rows)


def part_parse_csv(size: Size) -> Result:
    """Every line of every text, split by the csv module and dropped."""
    watch = Watch()

    def parse() -> int:
        rows = 0
        for path in _files(size, "csv"):
            with path.open(encoding="utf-8-sig", newline="") as stream:
                rows += len(list(csv.reader(stream)))
        return rows

    rows = watch.working(parse)
    return watch.result(rows=rows)


def part_suites(size: Size) -> Result:
    """Great Expectations alone, asked for complete results: each suite on a frame that is there already."""
    watch = Watch()
    judgement = watch.importing(_import_intake)
    from poverty_watch.identity import Keyring
    from poverty_watch.intake import suites
    from poverty_watch.months import Month

    month, keys = Month.parse(size.month), Keyring(b"1" * 32, b"2" * 32)
    asked, bare_run = suites.outcomes, _bare_run()

    def bare(expectations: list[Any], rows: Any) -> Any:
        """Judges a frame that is there already as its documentation says, and times just that."""
        watch.working(bare_run(expectations, rows))
        return asked(expectations, rows)

    suites.outcomes = bare
    for one in _deliveries(size, "xlsx"):
        _judge(judgement, one, month, keys)
    return watch.result()


def _bare_run() -> Callable[[list[Any], Any], Callable[[], Any]]:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    source = context.data_sources.add_pandas("bare").add_dataframe_asset("rows")
    whole = source.add_batch_definition_whole_dataframe("all")

    def prepared(expectations: list[Any], rows: Any) -> Callable[[], Any]:
        suite = gx.ExpectationSuite(name="bare", expectations=expectations)
        batch = whole.get_batch(batch_parameters={"dataframe": rows})
        complete = {"result_format": "COMPLETE", "include_unexpected_rows": False}
        return lambda: batch.validate(suite, result_format=complete)

    return prepared


def _judge(judgement: Any, one: Delivered, month: Any, keys: Any) -> Any:
    history = judgement.History([], None, None)
    file = judgement.DeliveredFile(one.path, one.path.name)
    return judgement.judge_submission(one.contract, one.suite, [file], False, month, keys, history)


# ---- intake


def _part_intake(file_format: str) -> Callable[[Size], Result]:
    def part(size: Size) -> Result:
        """Read, standardise and validate every delivery of the month."""
        watch = Watch()
        judgement = watch.importing(_import_intake)
        from poverty_watch.identity import Keyring
        from poverty_watch.months import Month

        month, keys = Month.parse(size.month), Keyring(b"1" * 32, b"2" * 32)
        rows: dict[str, int] = {}
        for one in _deliveries(size, file_format):
            judged = watch.working(_judge, judgement, one, month, keys)
            assert judged.status in ("accepted", "accepted_with_warnings", "nil"), (
                one.dataset,
                judged.messages,
            )
            rows[one.dataset] = judged.rows["data"]
        return watch.result(rows=sum(rows.values()), datasets=len(rows))

    return part


def part_usual(size: Size) -> Result:
    """The same through openpyxl and pandas, as it is usually written."""
    watch = Watch()

    def load() -> Any:
        import openpyxl

        _import_intake()
        return openpyxl

    openpyxl = watch.importing(load)
    from scripts.bench.usual_way import take_in

    rows = 0
    for one in _deliveries(size, "xlsx"):
        rows += watch.working(take_in, openpyxl, one, size.month)
    return watch.result(rows=rows)


# ---- lengths


def _part_lengths(file_format: str) -> Callable[[Size], Result]:
    def part(size: Size) -> Result:
        """One delivery of each length, and one next to without rows: what the start costs.

        All lengths in turn, some times over, and the best of each: what a shared machine adds to
        one try is not the program's, and from one minute to the next it adds more or less.
        """
        from poverty_watch.contracts import load_catalogue

        watch = Watch()
        judgement = watch.importing(_import_intake)
        from poverty_watch.identity import Keyring
        from poverty_watch.months import Month

        department = load_catalogue().department_of(DATASET)
        contract, suite = department.contracts[DATASET], department.suite_path(DATASET)
        month, keys = Month.parse(size.month), Keyring(b"1" * 32, b"2" * 32)

        def one_try(rows: int) -> Watch:
            one = Delivered(DATASET, long_table(size, rows, file_format), contract, suite)
            keys._memo.clear()
            spent = Watch()
            judged = spent.working(_judge, judgement, one, month, keys)
            assert judged.rows["accepted"] == rows
            return spent

        one_try(SHORT)
        tries: dict[int, list[Watch]] = {rows: [] for rows in (SHORT, *LENGTHS)}
        for _ in range(ROUNDS):
            for rows, of_length in tries.items():
                of_length += [one_try(rows) for _ in range(max(1, 50_000 // max(rows, 10_000)))]
        best = {rows: min(of_length, key=lambda one: one.cpu) for rows, of_length in tries.items()}
        lengths = {str(rows): [one.cpu, one.seconds] for rows, one in best.items()}
        return watch.result(lengths=lengths)

    return part


PARTS = {
    "parse_xlsx": part_parse_xlsx,
    "parse_csv": part_parse_csv,
    "suites": part_suites,
    "xlsx": _part_intake("xlsx"),
    "csv": _part_intake("csv"),
    "usual": part_usual,
    **{f"lengths_{file_format}": _part_lengths(file_format) for file_format in FORMATS},
}


def _judged(results: Mapping[str, Result]) -> Outcome:
    suites, usual = results["suites"], results["usual"]
    lines, verdicts = [], []
    for file_format in FORMATS:
        parse, intake = results[f"parse_{file_format}"], results[file_format]
        floor = parse["cpu"] + suites["cpu"]
        lines += [
            _line(f"底线：只解析 {file_format}", parse),
            _line(f"读取 + 规范 + 校验 {file_format}", intake, floor, "解析 + 规则"),
        ]
        ratio, peak = intake["cpu"] / floor, intake["megabytes"]
        verdicts += [
            Verdict(
                ratio <= MOST_TIMES_THE_FLOOR,
                f"{file_format}：{intake['datasets']}种数据{intake['rows']:,}行，接收为只解析、只跑规则的"
                f" {ratio:.2f} 倍，要求不超过 {MOST_TIMES_THE_FLOOR} 倍（导入另计）",
            ),
            Verdict(
                peak < MOST_MEGABYTES,
                f"{file_format}：峰值内存 {peak:.0f} MB，要求低于 {MOST_MEGABYTES} MB",
            ),
        ]
    lines.insert(0, _line("底线：只跑规则（Great Expectations）", suites))
    intake = results["xlsx"]
    lines.append(_line("通常的做法（openpyxl + pandas）xlsx", usual, intake["cpu"], "接收"))
    faster = usual["cpu"] / intake["cpu"]
    verdicts.append(
        Verdict(
            faster >= LEAST_TIMES_FASTER,
            f"比通常的做法快 {faster:.1f} 倍，要求至少 {LEAST_TIMES_FASTER:.0f} 倍",
        )
    )
    for file_format in FORMATS:
        lines += _length_lines(results[f"lengths_{file_format}"], file_format)
        verdicts.append(_evenness(results[f"lengths_{file_format}"], file_format))
    notes = [
        f"导入 Great Expectations 等 {intake['imports']:.1f} 秒，每个部门的“校验”任务一次，不是每种数据一次。"
    ]
    return Outcome("接收", lines, verdicts, notes)


def _line(name: str, of: Result, floor: float | None = None, against: str = "") -> Line:
    ratio = of["cpu"] / floor if floor else None
    return Line(name, of["seconds"], of["cpu"], ratio, against, of["megabytes"], of["imports"])


def _per_thousand(of: Result, rows: int) -> float:
    """Milliseconds per 1,000 rows, with what a delivery costs that has next to no rows."""
    cpu: float = of["lengths"][str(rows)][0]
    return cpu / rows * 1e6


def _length_lines(of: Result, file_format: str) -> list[Line]:
    start, _ = of["lengths"][str(SHORT)]
    lines = []
    for rows in LENGTHS:
        cpu, seconds = of["lengths"][str(rows)]
        name = f"{rows:,} 行 {file_format}：每千行 {_per_thousand(of, rows):.1f} 毫秒，其中开头共 {start * 1000:.0f} 毫秒"
        lines.append(Line(name, seconds, cpu))
    return lines


def _evenness(of: Result, file_format: str) -> Verdict:
    each = [_per_thousand(of, rows) for rows in LENGTHS]
    uneven = max(each) / min(each)
    told = "、".join(f"{one:.1f}" for one in each)
    return Verdict(
        uneven <= MOST_UNEVEN,
        f"{file_format}：每千行用时从 {min(LENGTHS):,} 行到 {max(LENGTHS):,} 行（{told} 毫秒）相差 {uneven - 1:.0%}，"
        f"要求不超过 {MOST_UNEVEN - 1:.0%}（含每份报送固定的开头）",
    )


def run(size: Size, say: Say) -> Outcome:
    """Make the files, measure all parts."""
    for file_format in FORMATS:
        inbox_county(size, None, say, file_format)
        for rows in (SHORT, *LENGTHS):
            say(f"正在写 {rows:,} 行的 {file_format} ……")
            long_table(size, rows, file_format)
    results = {}
    for part in PARTS:
        say(f"正在测量：接收 {part} ……")
        results[part] = in_own_process("intake", part, size, _warm(size, part))
    return _judged(results)


def _warm(size: Size, part: str) -> list[Path]:
    """The files that a part reads, so that they lie in the disk cache."""
    return _files(size, "csv" if "csv" in part else "xlsx")


GROUP = Group("intake", PARTS, run)
