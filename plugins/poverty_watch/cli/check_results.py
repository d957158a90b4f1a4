"""What the terminal shows of a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from poverty_watch.cli.console import CANNOT_START, WENT_WRONG, say
from poverty_watch.intake.dry_run import Checked, RowFault
from poverty_watch.ledger.deliveries import STATUS_TITLES

_ROW_FATES = {
    "data": "数据",
    "accepted": "可接收",
    "rejected": "将退回",
    "late": "迟报",
    "header": "表头",
    "blank": "空",
    "total": "合计及签名",
}
_STYLES = {"clean": "bold green", "faults": "bold yellow", "unreadable": "bold red"}


def exit_code(checked: Sequence[Checked]) -> int:
    """0 where all is clean, 1 with faults, 2 where something cannot be read or is unknown."""
    outcomes = {one.outcome for one in checked}
    return CANNOT_START if "unreadable" in outcomes else WENT_WRONG if "faults" in outcomes else 0


def say_checked(checked: Sequence[Checked]) -> None:
    """File by file: recognised as what, the verdict, counts by fate, every fault with its remedy."""
    for one in checked:
        _say_one(one)
    say("以上为试校验，什么也没有保存，也没有报送。")


def _say_one(one: Checked) -> None:
    say("、".join(one.files), "bold")
    if one.title and one.month:
        say(f"  识别为：{one.department}“{one.title}”，{one.month.chinese}")
    say(f"  结果：{_verdict(one)}", _STYLES[one.outcome])
    if one.rows:
        counts = [
            f"{title}{one.rows[fate]}行" for fate, title in _ROW_FATES.items() if fate in one.rows
        ]
        say(f"  行数：{'，'.join(counts)}")
    for message in one.messages:
        say(f"  · {message}")
    # The faults of a row are told by its first; rows come in the sender's order.
    in_order = sorted(one.faults, key=lambda fault: fault.title)
    for title, group in groupby(in_order, key=lambda fault: fault.title):
        rows = list(group)
        say(f"  【{title}】{len(rows)}行。{rows[0].remedy}")
        for fault in rows:
            say(f"    {_place(fault, len(one.files) > 1)}{_cell(fault)}{_also(fault)}")
    say()


def _verdict(one: Checked) -> str:
    if one.status is None:
        return "不会读取"
    if one.outcome == "clean":
        return "没有问题，可以报送" if one.status == "accepted" else STATUS_TITLES[one.status]
    if one.status == "rejected":
        return "整份退回"
    if one.status == "accepted":
        return "可以接收，但有行要退回"
    return STATUS_TITLES[one.status]


def _place(fault: RowFault, several: bool) -> str:
    file = f"{fault.file} " if several else ""
    sheet = f"工作表“{fault.sheet}”" if fault.sheet else ""
    return f"{file}{sheet}第{fault.row}行"


def _cell(fault: RowFault) -> str:
    if fault.header is None:
        return ""
    return f" “{fault.header}”：{fault.value if fault.value and fault.value.strip() else '（空）'}"


def _also(fault: RowFault) -> str:
    others = [f"{title}（{header}）" if header else title for title, header in fault.also]
    return f"；同一行还有：{'、'.join(others)}" if others else ""
