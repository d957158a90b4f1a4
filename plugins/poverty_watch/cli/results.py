"""What a month has left in the ledger and in the outbox, told to staff."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from poverty_watch.cli.console import say
from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.settings import Settings

KIND_TITLES = {"draft": "草稿，未签发", "signed": "已签发", "recomputed": "补算，不对外"}


def say_results(month: Month, settings: Settings) -> None:
    """The report, the sheets, the exports, and what to do next."""
    outbox = settings.outbox / str(month)
    report = latest_report(month, settings)
    sheets = outbox / "核实任务"
    say()
    if report:
        number, kind, path = report
        say(f"月报（第{number}版，{KIND_TITLES.get(kind, kind)}）：{path}", "bold green")
        briefing = Path(path.replace("月报表_", "简报_")).with_suffix(".pdf")
        if briefing.is_file():
            say(f"简报（一页）：{briefing}")
    count = len(list(sheets.glob("*.xlsx"))) if sheets.is_dir() else 0
    say(f"核实任务表（{count}个乡镇）：{sheets}" if count else "核实任务表：没有需要入户核实的户。")
    if (outbox / "回执").is_dir():
        say(f"给部门的回执（退回的行和改法）：{outbox / '回执'}")
    say(f"内部清单：{outbox / 'internal'}")
    say()
    say("下一步：打开月报核对；把核实任务表发给乡镇入户核实，把回执发还各部门。", "bold")
    say("签发：执行 make up 打开网页，触发“月度防返贫监测”本月的运行，在“需要处理的操作”中签发。")


def latest_report(month: Month, settings: Settings) -> tuple[int, str, str] | None:
    """Number, kind and path of a month's newest report version."""
    from sqlalchemy import select

    from poverty_watch.ledger.models import ReportVersion
    from poverty_watch.ledger.store import open_ledger

    with open_ledger(settings).transaction() as session:
        version = session.scalar(
            select(ReportVersion)
            .where(ReportVersion.month == str(month))
            .order_by(ReportVersion.number.desc())
            .limit(1)
        )
        return (
            (version.number, version.kind, str(settings.outbox / version.path)) if version else None
        )


def say_status(month: Month, settings: Settings) -> None:
    """What became of each dataset, and what came of it."""
    from rich.console import Console
    from rich.table import Table
    from sqlalchemy import func, select
    from sqlalchemy.orm import selectinload

    from poverty_watch.ledger.deliveries import STATUS_TITLES, fates
    from poverty_watch.ledger.findings import counts
    from poverty_watch.ledger.models import HitFate, Lead, Task
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.screening.what_if import trial_hits

    catalogue = load_catalogue()
    remarks: list[str] = []
    with open_ledger(settings).transaction() as session:
        known = {fate.dataset: fate for fate in fates(session, month)}
        table = Table(title=f"{month.chinese}报送情况")
        for heading in ("部门", "数据", "结果", "版本", "接收行", "退回行"):
            table.add_column(heading, justify="right" if heading.endswith("行") else "left")
        for department in catalogue.departments.values():
            for dataset, contract in department.contracts.items():
                fate = known.get(dataset)
                if fate is None:
                    table.add_row(department.title, contract.title, "尚未运行", "", "", "")
                    continue
                delivery = fate.delivery
                numbers = (
                    (
                        f"v{delivery.version}",
                        str(delivery.accepted_rows),
                        str(delivery.rejected_rows),
                    )
                    if delivery
                    else ("", "", "")
                )
                status = STATUS_TITLES[fate.status]
                table.add_row(department.title, contract.title, status, *numbers)
                remarks += [f"{department.title} {contract.title}：{m}" for m in fate.messages]
        leads = session.scalar(
            select(func.count())
            .select_from(Lead)
            .where(Lead.month == str(month), Lead.status == "raised")
        )
        suppressed = Counter(
            session.scalars(
                select(HitFate.suppressed).where(
                    HitFate.month == str(month), HitFate.suppressed.is_not(None)
                )
            )
        )
        tasks = Counter(session.scalars(select(Task.status).where(Task.month == str(month))))
        cleared = sum(
            task.is_cleared
            for task in session.scalars(
                select(Task).where(Task.status == "open").options(selectinload(Task.reasons))
            )
        )
        found = counts(session, month)
        trials = trial_hits(month, settings, session)
    Console().print(table)
    for remark in remarks:
        say(f"· {remark}")
    say(f"线索：{leads}户；抑制的命中：{sum(suppressed.values())}条")
    say(f"核实任务：{sum(tasks.values())}件，其中在办{tasks['open']}件")
    if cleared:
        say(
            f"· 各月在办任务中有{cleared}件，预警原因在最新数据中已不再出现或已撤回，请乡镇核实后办结"
        )
    say(
        f"比对问题：新发现{sum(line.opened for line in found)}条，"
        f"已整改{sum(line.mended for line in found)}条，未整改{sum(line.open for line in found)}条"
    )
    for rule, households in trials.items():
        told = (
            f"还没有试运行（poverty-watch shadow {month}）"
            if households is None
            else f"会报出 {households} 户"
        )
        say(f"· 试行规则 {rule}：{told}，不形成线索，不派任务")
    report = latest_report(month, settings)
    say(
        f"月报：第{report[0]}版（{KIND_TITLES.get(report[1], report[1])}） {report[2]}"
        if report
        else "月报：尚未生成"
    )
