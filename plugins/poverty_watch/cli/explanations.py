"""An explanation in lines of text, each value followed to the cell that the department delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from poverty_watch.intake.delivered_cells import DeliveredCell, DeliveredRow, delivered_cells
from poverty_watch.ledger.store import Ledger
from poverty_watch.screening.explaining import Explanation, Place, Reason
from poverty_watch.settings import Settings

Cells = Mapping[tuple[DeliveredRow, str], DeliveredCell]


def told(explanation: Explanation, settings: Settings, ledger: Ledger) -> Iterator[str]:
    """The lines, in plain Chinese."""
    cells = cells_of(explanation, settings, ledger)
    yield f"{explanation.month.chinese} {explanation.household_id}　{explanation.household}"
    if not explanation.hits:
        yield "没有预警。"
    for reason in explanation.hits:
        yield ""
        yield from _reason(reason, cells)
    if explanation.findings:
        yield ""
        yield "比对发现："
    for reason in explanation.findings:
        yield from _reason(reason, cells)
    if explanation.not_judged:
        yield ""
        yield "无法判断（不等于没有问题）："
    for rule in explanation.not_judged:
        yield f"· {rule.check_id} {rule.title}：缺少{'、'.join(rule.lacks)}"


def cells_of(explanation: Explanation, settings: Settings, ledger: Ledger) -> Cells:
    """The delivered cells behind all reasons, read from the kept files."""
    wanted: dict[DeliveredRow, set[str]] = {}
    for reason in (*explanation.hits, *explanation.findings):
        for place in reason.places:
            wanted.setdefault(row_of(place), set()).update(place.columns)
    with ledger.transaction() as session:
        return delivered_cells(session, settings, wanted)


def row_of(place: Place) -> DeliveredRow:
    """The delivered row that a place names."""
    return DeliveredRow(
        place.dataset, place.month, place.version, place.file, place.sheet, place.row
    )


def _reason(reason: Reason, cells: Cells) -> Iterator[str]:
    severity = f"【{reason.severity}】" if reason.severity else "· "
    yield f"{severity}{reason.check_id} {reason.title}：{reason.sentence}"
    for measure in reason.measured_by:
        yield f"  标准：{measure}"
    if reason.basis:
        yield f"  依据：{reason.basis}"
    for place in reason.places:
        yield f"  来源：{_where(place)}"
        row = row_of(place)
        for column in place.columns:
            cell = cells.get((row, column))
            if cell is not None:
                yield f"    单元格 {cell.place}“{cell.header}”：{cell.value or '（空）'}"
    for searched in reason.searched:
        yield f"  查过：{searched}"
    if reason.rows_total > len(reason.places) and reason.places:
        yield f"  共 {reason.rows_total} 行，以上为前 {len(reason.places)} 行。"
    if reason.fate:
        yield f"  办理：{reason.fate}"


def _where(place: Place) -> str:
    sheet = f"，工作表“{place.sheet}”" if place.sheet else ""
    return (
        f"{place.department}“{place.title}”{place.month.chinese}第{place.version}版，"
        f"文件“{place.file}”{sheet}，第{place.row}行"
    )
