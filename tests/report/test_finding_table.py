"""表三: counts by comparison and township; what was not compared is not judged, never zero."""

from __future__ import annotations

from poverty_watch.ledger.findings import FindingCounts
from poverty_watch.report.finding_table import finding_rows

TOWNSHIPS = ("甸阳镇", "由旺镇")


def _check(number: str, status: str = "ran", lacks: list[str] | None = None) -> dict[str, object]:
    return {
        "id": number,
        "title": f"样本{number}",
        "outcome": "ASSET",
        "status": status,
        "lacks": lacks or [],
    }


def _figures(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(r["编号"], r["乡镇"], r["新发现"], r["已整改"], r["未整改"]) for r in rows]


def test_the_county_comes_first_then_townships_in_their_order() -> None:
    counts = [
        FindingCounts("C14", "ASSET", "", 0, 0, 1),
        FindingCounts("C14", "ASSET", "由旺镇", 2, 0, 2),
        FindingCounts("C14", "ASSET", "甸阳镇", 1, 1, 3),
    ]
    rows = finding_rows([_check("C14"), _check("C15")], counts, TOWNSHIPS)
    assert _figures(rows) == [
        ("C14", "合计", 3, 1, 6),
        ("C14", "甸阳镇", 1, 1, 3),
        ("C14", "由旺镇", 2, 0, 2),
        ("C14", "（乡镇不明）", 0, 0, 1),
        ("C15", "合计", 0, 0, 0),
    ]
    assert rows[0]["处理"] == "待入户说明"
    assert [row["是否合计"] for row in rows] == [True, False, False, False, True]


def test_what_was_not_compared_is_not_judged_and_its_old_findings_stay_open() -> None:
    counts = [FindingCounts("C14", "ASSET", "甸阳镇", 0, 0, 3)]
    rows = finding_rows([_check("C14", "not_run", ["vehicles"])], counts, TOWNSHIPS)
    assert _figures(rows) == [
        ("C14", "合计", "无法判断", 0, 3),
        ("C14", "甸阳镇", "无法判断", 0, 3),
    ]


def test_a_comparison_that_ran_for_some_datasets_tells_what_it_found() -> None:
    counts = [FindingCounts("C04", "STOP", "甸阳镇", 2, 0, 2)]
    (county, _) = finding_rows([_check("C04", "ran", ["employment"])], counts, TOWNSHIPS)
    assert county["新发现"] == 2
    (county,) = finding_rows([_check("C04", "ran", ["employment"])], [], TOWNSHIPS)
    assert county["新发现"] == "无法判断"
