"""A delivery taken in as it is usually written: openpyxl, pandas, a function applied row by row.

It does the same to the same rows: finds the header, evens out every column, judges identity
numbers, reads dates and amounts, marks duplicates, runs the dataset's own suite, and splits good
rows from bad ones. What it leaves out (which reason comes first, masking, person ids) makes it faster.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.bench.intake import Delivered

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def take_in(openpyxl: Any, one: Delivered, month: str) -> int:
    """Read, standardise and validate a workbook; gives its data rows."""
    import great_expectations as gx
    import pandas as pd

    from poverty_watch.contracts.suite_shape import columns_of
    from poverty_watch.intake.suites import parameters
    from poverty_watch.months import Month

    when = Month.parse(month)
    contract = one.contract
    book = openpyxl.load_workbook(one.path, read_only=True, data_only=True)
    rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    headers = {_even(h): c.name for c in contract.columns for h in c.headers}
    top = next(i for i, row in enumerate(rows) if _knows(row, headers))
    names = [headers.get(_even(cell), str(place)) for place, cell in enumerate(rows[top])]
    frame = pd.DataFrame(rows[top + 1 :], columns=names)
    frame = frame[[column.name for column in contract.columns]]
    for column in contract.columns:
        values = frame[column.name]
        match column.type:
            case "identity":
                frame[f"{column.name}_fault"] = values.apply(lambda v: _fault(v, when.last_day))
            case "date" | "month":
                frame[column.name] = pd.to_datetime(values.apply(_day), errors="coerce")
            case "amount":
                zero = column.blank_is_zero
                frame[column.name] = values.apply(lambda v, zero=zero: _amount(v, zero)).astype(
                    float
                )
            case _:
                frame[column.name] = values.apply(_text)
    frame["is_duplicate"] = frame.duplicated()
    frame["is_repeated"] = False
    for identity in contract.sums:
        parts = sum(frame[part] for part in identity.parts)
        frame[f"{identity.total}_gap"] = (frame[identity.total] - parts).round(4)
    content = json.loads(one.suite.read_text(encoding="utf-8"))
    suite = gx.ExpectationSuite(name=content["name"], expectations=content["expectations"])
    wanted = {n for e in content["expectations"] for n in columns_of(e["kwargs"]).values()}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("usual").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        batch_parameters={"dataframe": frame[[c for c in frame.columns if c in wanted]]}
    )
    result = batch.validate(
        suite,
        result_format={"result_format": "COMPLETE"},
        expectation_parameters=parameters(contract, when),
    )
    bad = {
        row
        for outcome in result.results
        if outcome.expectation_config.severity.value == "critical"
        for row in outcome.result.get("unexpected_index_list") or []
    }
    good = frame.drop(index=list(bad))
    return len(good) + len(bad)


def _knows(row: tuple[Any, ...], headers: dict[str, str]) -> bool:
    return len({headers.get(_even(cell)) for cell in row} - {None}) == len(set(headers.values()))


def _even(cell: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", str(cell or "")).split())


def _text(cell: Any) -> str | None:
    return _even(cell) or None


def _fault(cell: Any, month_end: date) -> str | None:
    if cell is None:
        return "id_missing"
    number = _even(cell).strip("'\"").upper()
    if len(number) in (20, 22):
        number = number[:18]
    if len(number) != 18:
        return "id_length"
    if not (number[:17].isdigit() and (number[17].isdigit() or number[17] == "X")):
        return "id_characters"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "id_date"
    if not date(1900, 1, 1) <= born <= month_end:
        return "id_date"
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return None if number[17] == _CHECKS[total % 11] else "id_check_digit"


def _day(cell: Any) -> Any:
    if isinstance(cell, (datetime, date)) or cell is None:
        return cell
    text = _even(cell)
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m", "%Y%m"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _amount(cell: Any, blank_is_zero: bool) -> float | None:
    if cell is None or cell == "":
        return 0.0 if blank_is_zero else None
    try:
        return float(_even(cell).replace(",", "").strip("¥元"))
    except ValueError:
        return None
