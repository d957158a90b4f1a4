"""What the terminal shows of the register of duty and of the score, within 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from poverty_watch.cli.console import say
from poverty_watch.cli.tables import print_table, table_of
from poverty_watch.months import Month
from poverty_watch.settings import Settings, today

if TYPE_CHECKING:
    from poverty_watch.intake.duty import DutyLine, MonthScore
    from poverty_watch.ledger.store import Ledger


def say_register(month: Month, settings: Settings, ledger: Ledger, with_rows: bool) -> None:
    """The register as a table; below it, in full, what is to be said of each dataset."""
    from poverty_watch.intake.duty import duty_policy, register
    from poverty_watch.lake.versions import Lake

    lines = register(month, ledger, today(), lake=Lake(settings.lake))
    due = duty_policy().due_on(month)
    own = "，另有约定的除外" if any(line.due_on != due for line in lines) else ""
    say(f"{month.chinese}报送责任册（{due.month}月{due.day}日24点前为按时{own}）", "bold")
    table = table_of("部门", "数据", "结果", "时间", ">份", ">版", ">行数", ">较上月", ">退回")
    shown = ""
    for line in lines:
        table.add_row(
            "" if line.department == shown else line.department,
            line.title,
            line.state,
            line.clock if line.status else "",
            str(line.sendings or ""),
            str(line.versions or ""),
            str(line.data_rows) if line.sendings else "",
            _change(line),
            str(line.rejected_rows) if line.rejected_rows else "",
        )
        shown = line.department
    print_table(table)
    say(_summary(lines))
    for line in lines:
        _say_remarks(line)
    doubtful = [line for line in lines if line.is_late_in_doubt]
    if doubtful:
        say(
            f"※ 到达时间以系统首次见到文件为准。{len(doubtful)}项的文件在期限前已保存、"
            "期限后才被首次收取，是否真的迟报请核对。"
        )
    if with_rows:
        _say_rows(lines, settings, ledger)


def _change(line: DutyLine) -> str:
    change = line.volume.change if line.volume else None
    return "" if change is None else f"{change:+.0%}" if round(change, 2) else "0%"


def _summary(lines: Sequence[DutyLine]) -> str:
    states = Counter(line.state for line in lines)
    told = "，".join(f"{state}{count}" for state, count in states.items())
    late = sum(line.is_fulfilled and line.days_late > 0 for line in lines)
    return f"应报{len(lines)}项：{told}；其中迟报{late}。"


def _say_remarks(line: DutyLine) -> None:
    remarks = line.remarks
    if not remarks:
        return
    say(f"· {line.department} {line.title}")
    for remark in remarks:
        say(f"  - {remark}")
    for stopped in line.stopped:
        say(
            f"  - 接收：poverty-watch accept {line.month} {line.title} "
            f'--delivery {stopped.delivery_id} --reason "……" --by "……"'
        )


def _say_rows(lines: Sequence[DutyLine], settings: Settings, ledger: Ledger) -> None:
    from poverty_watch.identity import Keyring, mask
    from poverty_watch.intake.duty.difference import CHANGE_TITLES
    from poverty_watch.ledger.sealed import unseal_identities

    for line in lines:
        if line.difference is None or not line.difference.rows:
            continue
        people = {row.person_id for row in line.difference.rows if row.person_id is not None}
        with ledger.transaction() as session:
            numbers = unseal_identities(
                session, Keyring.open(settings.keys), people, purpose="重报不同之处（遮盖后显示）"
            )
        say()
        say(f"{line.department} {line.title}，{line.difference.summary}", "bold")
        for row in line.difference.rows:
            who = mask(numbers[row.person_id]) if row.person_id in numbers else "（无号码）"
            file, sheet, number = row.place
            what = f"，{'、'.join(row.headers)}" if row.headers else ""
            where = f"{file} {sheet} 第{number}行".replace("  ", " ")
            say(f"  {CHANGE_TITLES[row.change]} {who}（{where}）{what}")


def say_score(first: Month, last: Month, settings: Settings, ledger: Ledger) -> None:
    """One line per department and month, and one for all months."""
    from poverty_watch.intake.duty import score
    from poverty_watch.lake.versions import Lake

    scores = score(ledger, Lake(settings.lake), first, last, today())
    say(f"{first.chinese}至{last.chinese}部门报送评分", "bold")
    table = table_of("部门", "月份", ">应报", ">按时", ">按时率", ">行数", ">退回率", ">上月错又犯")
    for one in scores:
        shown = one.department
        for month, of_month in one.months.items():
            table.add_row(shown, str(month), *_cells(of_month))
            shown = ""
        if len(one.months) > 1:
            table.add_row("", "合计", *_cells(one.total), style="bold")
    print_table(table)
    in_doubt = sum(one.total.in_doubt for one in scores)
    say("上月错又犯：退回的行，上月同一列同一内容已因同一原因退回过（空格不计）。")
    if in_doubt:
        say(
            f"※ 有{in_doubt}项在期限前已保存、期限后才被首次收取，是否按时不能确定，不计入按时率，请核对。"
        )


def _cells(score: MonthScore) -> list[str]:
    return [
        str(score.owed),
        str(score.on_time),
        _percent(score.on_time_rate),
        str(score.rows),
        _percent(score.returned_rate),
        str(score.same_again) if score.same_again else "",
    ]


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"
