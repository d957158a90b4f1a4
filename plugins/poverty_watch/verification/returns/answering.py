"""The answer to a returned workbook: each row that was not registered, why, and what to do."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.ledger.models import SheetReturn
from poverty_watch.listing import ListColumn, Listing, stands, write_list
from poverty_watch.settings import Settings
from poverty_watch.verification.policy import sheet_form
from poverty_watch.verification.returns.judging import FATES

FOLDER = "核实回表答复"
_COLUMNS = (
    ListColumn("工作表", 12),
    ListColumn("行", 6),
    ListColumn("村（社区）", 14),
    ListColumn("户编号（户号）", 16),
    ListColumn("结果", 14),
    ListColumn("原因和办法", 44),
    ListColumn("逐项对照", 34),
    ListColumn("这一行填写的内容", 34),
)


def answer_path(settings: Settings, number: int, name: str, month: str) -> Path:
    """Where the answer to a return lies, or is to lie, by the return's columns."""
    return settings.outbox / month / FOLDER / f"答复_{Path(name).stem[:60]}_{number}.xlsx"


def write_answer(settings: Settings, returned: SheetReturn) -> Path:
    """Write ``<outbox>/<YYYY-MM>/核实回表答复/答复_….xlsx`` (mode 0600) from the ledger's record."""
    listing = Listing(
        "答复",
        "核实回表答复",
        _summary(returned),
        (
            "一、已登记的行不在下面，不用再报。",
            "二、下面各行没有登记（写明“内容相同”的除外），请按“原因和办法”处理后，把改好的表再报一次，整份重报也不会重复登记。",
        ),
        _COLUMNS,
    )
    titles = {column.field: "".join(column.header.split()) for column in sheet_form().answers}
    rows = [
        [
            row["sheet"],
            row["row"],
            row["village"],
            row["household"],
            FATES[row["fate"]],
            "\n".join(row["told"]),
            "\n".join(
                f"{f}：{here or '（空）'} → {there or '（空）'}"
                for f, here, there in row["against"]
            ),
            "\n".join(f"{titles.get(f, f)}：{text}" for f, text in row["answers"].items() if text),
        ]
        for row in returned.rows
    ]
    path = answer_path(settings, returned.id, returned.name, returned.month)
    fingerprint = listing.fingerprint(rows)
    if not stands(path, fingerprint):
        write_list(path, fingerprint, listing, rows)
    return path


def _summary(returned: SheetReturn) -> str:
    counts = returned.counts
    told = "，".join(f"{FATES[f]}{counts[f]}行" for f in FATES if counts.get(f))
    return f"{returned.name}    共{sum(counts.values())}行：{told or '没有一行'}"
