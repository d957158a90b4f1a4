"""The arithmetic on published figures: a prefecture's year, as its notice printed it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.report import identities, queries
from poverty_watch.report.content import _stock_row
from poverty_watch.report.stocks import NOTHING, TOTAL, Count, Stocks, as_list, classes_of

CLASSES = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
# Households and persons by class; what stands for all classes alone is put with the first one.
IDENTIFIED = ((5018, 18684), (4876, 17551), (6475, 18616))
ELIMINATED = (7282, 27256)
NEW = ((1569, None), (987, None), (3633, None))
NEW_ALL, ELIMINATED_IN_YEAR, LEFT = (6189, 19409), (294, 1097), (9087, 27595)


def counted(*movements: tuple[str, str, int, int]) -> dict[tuple[str, str], Count]:
    """``stocks_flows.sql`` over a few movements that each stand for many households."""
    rows = [
        {"township": "全市", "class": name, "item": item, "households": h, "persons": p}
        for name, item, h, p in movements
    ]
    with queries.opened() as query:
        found = query(
            "stocks_flows",
            {
                "movements": pa.Table.from_pylist(rows),
                "townships": as_list(["全市"]),
                "classes": as_list(CLASSES),
            },
        ).to_pylist()
    return {
        (row["class"], row["item"]): Count(row["households"], row["persons"])
        for row in found
        if row["township"] == TOTAL
    }


def total(cells: dict[tuple[str, str], Count], item: str) -> Count:
    return sum((cells[name, item] for name in CLASSES), NOTHING)


@pytest.fixture
def published() -> dict[tuple[str, str], Count]:
    return counted(
        *((name, "累计识别", h, p) for name, (h, p) in zip(CLASSES, IDENTIFIED, strict=True)),
        (CLASSES[0], "累计消除", *ELIMINATED),
        (CLASSES[0], "期末未消除", *LEFT),
    )


def test_classes_add_up_to_the_printed_total(published: dict[tuple[str, str], Count]) -> None:
    assert total(published, "累计识别") == Count(16369, 54851)
    assert sum(households for households, _ in NEW) == NEW_ALL[0]


def test_ever_identified_less_eliminated_is_what_is_left(
    published: dict[tuple[str, str], Count],
) -> None:
    ever, gone = total(published, "累计识别"), total(published, "累计消除")
    assert (ever.households - gone.households, ever.persons - gone.persons) == LEFT
    assert total(published, "期末未消除") == Count(*LEFT)


def _stocks(cells: dict[tuple[str, str], Count]) -> Stocks:
    items = tuple(dict.fromkeys(item for _, item in cells))
    return Stocks(
        townships=("全市",),
        classes=CLASSES,
        items=items,
        cells={(place, *key): count for place in ("全市", TOTAL) for key, count in cells.items()},
        by_risk={},
        by_mode={},
        corrections=(),
        movements=pa.table({}),
    )


def test_the_rate_is_by_persons_as_printed_and_not_by_households(
    published: dict[tuple[str, str], Count],
) -> None:
    row = _stock_row(_stocks(published), TOTAL, None)
    assert row["消除率"] == 0.4969
    assert (row["累计消除人"], row["累计识别人"]) == (27256, 54851)
    assert round(row["累计消除户"] / row["累计识别户"], 4) == 0.4449


def test_the_identities_hold_of_the_published_year_and_find_a_digit_that_is_wrong() -> None:
    opening = Count(
        LEFT[0] - NEW_ALL[0] + ELIMINATED_IN_YEAR[0], LEFT[1] - NEW_ALL[1] + ELIMINATED_IN_YEAR[1]
    )
    cells = counted(
        (CLASSES[0], "期初未消除", opening.households, opening.persons),
        (CLASSES[0], "本月新增", *NEW_ALL),
        (CLASSES[0], "本月消除", *ELIMINATED_IN_YEAR),
        (CLASSES[0], "期末未消除", *LEFT),
        (CLASSES[0], "累计识别", 16369, 54851),
        (CLASSES[0], "累计消除", *ELIMINATED),
    )
    stocks = _stocks(cells)
    told = [broken for broken in identities._balance(stocks)]
    assert told == []
    wrong = _stocks(cells | {(CLASSES[0], "期末未消除"): Count(9078, LEFT[1])})
    texts = [broken.text for broken in identities._balance(wrong)]
    assert "期初加减本月变动得 9087，期末未消除是 9078" in texts
    assert "累计识别减累计消除得 9087，期末未消除是 9078" in texts


def test_that_year_knew_all_three_classes() -> None:
    register = load_catalogue().contract("monitoring_register")
    assert classes_of(register, Month.parse("2021-12")) == CLASSES
