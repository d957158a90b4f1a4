"""A dry run's verdict in words: what the terminal prints and the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from poverty_watch.intake.dry_run import Checked, Outcome, RowFault
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


@dataclass(frozen=True)
class FaultGroup:
    """One kind of fault: its title, how to mend it, and each place as (where, cell, what else)."""

    title: str
    remedy: str
    places: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Told:
    """The verdict on one sending. ``about`` is empty for a file that is nobody's dataset."""

    files: str
    about: str
    outcome: Outcome
    verdict: str
    counts: str
    messages: tuple[str, ...]
    groups: tuple[FaultGroup, ...]


def tell(one: Checked) -> Told:
    """A verdict in plain Chinese; the faults by kind, the rows of each in the sender's order."""
    about = ""
    if one.title and one.month:
        about = f"{one.department}“{one.title}”，{one.month.chinese}"
    fates = one.rows or {}
    counts = "，".join(f"{title}{fates[f]}行" for f, title in _ROW_FATES.items() if f in fates)
    in_order = sorted(one.faults, key=lambda fault: fault.title)
    groups = []
    for title, found in groupby(in_order, key=lambda fault: fault.title):
        rows = list(found)
        places = tuple((_place(r, len(one.files) > 1), _cell(r), _also(r)) for r in rows)
        groups.append(FaultGroup(title, rows[0].remedy, places))
    for title, found in groupby(sorted(one.queries, key=lambda q: q.title), key=lambda q: q.title):
        rows = list(found)
        places = tuple((_query_place(r, len(one.files) > 1), "", "") for r in rows)
        groups.append(FaultGroup(f"疑问：{title}", rows[0].remedy, places))
    return Told(
        "、".join(one.files),
        about,
        one.outcome,
        _verdict(one),
        counts,
        one.messages,
        tuple(groups),
    )


def _verdict(one: Checked) -> str:
    if one.status is None:
        return "不会读取"
    if one.outcome == "clean" and one.status == "accepted":
        return "可以报送，有疑问要核对或说明" if one.queries else "没有问题，可以报送"
    if one.outcome == "clean":
        return STATUS_TITLES[one.status]
    if one.status == "rejected":
        return "整份退回"
    if one.status == "accepted":
        return "可以接收，但有行要退回"
    return STATUS_TITLES[one.status]


def _place(fault: RowFault, several: bool) -> str:
    file = f"{fault.file} " if several else ""
    sheet = f"工作表“{fault.sheet}”" if fault.sheet else ""
    return f"{file}{sheet}第{fault.row}行"


def _query_place(query: RowFault, several: bool) -> str:
    if not query.row:
        return f"文件“{query.file}”" + (f"的工作表“{query.sheet}”" if query.sheet else "")
    return f"{_place(query, several)} “{query.header}”"


def _cell(fault: RowFault) -> str:
    if fault.header is None:
        return ""
    return f"“{fault.header}”：{fault.value if fault.value and fault.value.strip() else '（空）'}"


def _also(fault: RowFault) -> str:
    others = [f"{title}（{header}）" if header else title for title, header in fault.also]
    return "、".join(others)
