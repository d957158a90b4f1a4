"""What the terminal shows of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from poverty_watch.cli.console import say
from poverty_watch.cli.tables import print_table, table_of

if TYPE_CHECKING:
    from poverty_watch.months import Month
    from poverty_watch.report.checking import Checked
    from poverty_watch.report.comparing import Change
    from poverty_watch.report.library import VersionCard
    from poverty_watch.report.locks import Lock
    from poverty_watch.report.tracing import Traced


def say_cards(cards: Sequence[VersionCard]) -> None:
    """Versions, one per line."""
    from poverty_watch.report.locks import local_time

    table = table_of("月份", ">版本", "状态", "标记", "生成时间", "签发人", "文件")
    for card in cards:
        table.add_row(
            str(card.month),
            f"第{card.number}版",
            card.state,
            "、".join(card.marks),
            local_time(card.created_at),
            card.signed_by or "",
            card.workbook.name,
        )
    print_table(table)


def say_version(card: VersionCard, manifest: dict[str, Any], lock: Lock | None) -> None:
    """One version: what it is and what it was made from."""
    from poverty_watch.report.locks import local_time

    say(card.title, "bold")
    say(f"标记：{'、'.join(card.marks) or '无'}")
    say(f"生成：{local_time(card.created_at)}")
    if card.signed_by:
        say(f"签发人：{card.signed_by}")
    if card.reason:
        say(f"更正原因：{card.reason}")
    if lock is not None:
        say(_lock_text(lock))
    for path in card.files:
        say(f"文件：{path}")
    program = manifest.get("program") or {}
    say(f"程序：{program.get('version', '未记录')}，提交 {program.get('commit', '未记录')}")
    say(
        f"计算编号：{manifest.get('screening', '')[:16]}；模板：{manifest.get('template', '')[:16]}"
    )
    checks = manifest.get("checks") or []
    ran = sum(1 for check in checks if check.get("status") == "ran")
    say(f"比对和规则：运行{ran}项，没有运行{len(checks) - ran}项")
    say("所用数据：")
    for one in manifest.get("deliveries") or []:
        if one.get("month") == str(card.month):
            say(f"  {one['dataset']} 第{one['version']}版 {str(one['content_sha256'])[:16]}")


def _lock_text(lock: Lock) -> str:
    from poverty_watch.report.locks import leave_text

    if lock.unlock is None:
        return f"第{lock.number}版已签发，本月锁定"
    return f"第{lock.number}版已解锁：{leave_text(lock.unlock)}"


def say_traced(found: Traced, most: int | None) -> None:
    """A figure, where it comes from, and the rows behind it."""
    say(f"{found.version}　{found.cell}", "bold")
    say(f"{found.label}：{found.value}")
    say(f"数据来自：{found.source}")
    say(f"计算文件：{found.files}")
    if found.remark:
        say(found.remark)
    if not found.rows:
        if not found.remark:
            say("没有一户计入。")
        return
    _say_rows(found.headings, found.rows, most)


def say_changes(
    month: Month, old: int, new: int, found: Sequence[Change], most: int | None
) -> None:
    """What differs between two versions."""
    from poverty_watch.report.comparing import households_text

    if not found:
        say(f"{month.chinese}月报表第{old}版与第{new}版的数完全相同。")
        return
    say(f"{month.chinese}月报表第{old}版与第{new}版有{len(found)}处不同：", "bold")
    rows = [(c.cell, c.label, c.old, c.new, households_text(c.households)) for c in found]
    _say_rows(("位置", "内容", "原值", "现值", "涉及的户"), rows, most)


def say_checked(checked: Sequence[Checked], most: int | None) -> None:
    """What became of checking files."""
    from poverty_watch.report.checking import OUTCOME_TITLES

    for one in checked:
        style = None if one.is_good else "bold red"
        say(f"{one.path.name}：{OUTCOME_TITLES[one.outcome]}　{one.version}", style)
        if one.remark:
            say(f"  {one.remark}")
        if one.altered:
            say(f"  有{len(one.altered)}处不同：")
            rows = [(each.where, each.stored, each.found) for each in one.altered]
            _say_rows(("位置", "发布时", "文件中"), rows, most)


def _say_rows(headings: Sequence[str], rows: Sequence[tuple[str, ...]], most: int | None) -> None:
    table = table_of(*headings)
    shown = rows if most is None else rows[:most]
    for row in shown:
        table.add_row(*row)
    print_table(table)
    if len(shown) < len(rows):
        say(f"（共{len(rows)}行，只列了前{len(shown)}行；加 --all 全部列出）")
