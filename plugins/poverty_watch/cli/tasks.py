"""The verbs about verification tasks: list, show, assign, decide, import, export, remind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from poverty_watch.cli.console import WENT_WRONG, CommandError, complain, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.cli.who import ByOption, OnOption, PlaceOption, RoleOption, acting
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    from poverty_watch.ledger.access import Viewer
    from poverty_watch.verification.assigning import Assignment
    from poverty_watch.verification.cases.carrying import Desk

tasks = typer.Typer(
    help="核实任务：查看、改派、登记结果、收回表、发任务表、催办。", no_args_is_help=True
)
MonthArgument = Annotated[str, typer.Argument(help="月份，如 2021-04。")]


@tasks.command("list", help="列出核实任务：在办的，或一个月的；最多显示200件，总数照实写明。")
def list_tasks(
    by: ByOption = "",
    role: RoleOption = "县专班",
    place: PlaceOption = "",
    month: Annotated[str, typer.Option("--month", help="只看一个月派出的。")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="只看超期未办的。")] = False,
    all_: Annotated[bool, typer.Option("--all", help="已办结的也列出。")] = False,
) -> None:
    """Print tasks that this role may see."""
    with staff_errors():
        from poverty_watch.cli.task_results import say_tasks
        from poverty_watch.settings import today

        ledger = standing_ledger(Settings.from_environment())
        who = acting(by or "查看", role, place)
        say_tasks(ledger, who, today(), month, overdue=overdue, with_closed=all_)


@tasks.command(help="查看一件核实任务：原因、期限、催办、报回的内容。")
def show(
    number: Annotated[int, typer.Argument(help="任务编号。")],
    by: ByOption = "",
    role: RoleOption = "县专班",
    place: PlaceOption = "",
) -> None:
    """Print one task."""
    with staff_errors():
        from poverty_watch.cli.task_results import say_task

        ledger = standing_ledger(Settings.from_environment())
        say_task(ledger, acting(by or "查看", role, place), number)


@tasks.command(help="改派到别的乡镇或村；几千件的，用 --file 一次办，逐件写出结果。")
def assign(
    by: ByOption,
    reason: Annotated[str, typer.Option("--reason", help="改派的理由，记入台账。")],
    numbers: Annotated[list[int] | None, typer.Argument(help="任务编号，一个或多个。")] = None,
    township: Annotated[str, typer.Option("--township", help="改派到的乡镇。")] = "",
    village: Annotated[str, typer.Option("--village", help="改派到的村。")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="CSV 名单，表头为：任务,乡镇,村；空格不变。")
    ] = None,
    role: RoleOption = "县专班",
    place: PlaceOption = "",
) -> None:
    """Re-assign tasks; each gets an outcome."""
    with staff_errors():
        from poverty_watch.files import written_whole
        from poverty_watch.verification.assigning import Assignment
        from poverty_watch.verification.assigning import assign as give

        wanted = [Assignment(number, township, village) for number in numbers or []]
        wanted += _listed(file) if file else []
        if not wanted:
            raise CommandError("没有写任务编号，也没有给名单。")
        ledger = standing_ledger(Settings.from_environment())
        results = give(ledger, wanted, acting(by, role, place), reason)
        failed = [result for result in results if not result.is_done]
        if file:
            beside = file.with_name(f"{file.stem}_结果.csv")
            lines = ["任务,结果", *(f"{one.task_id},{one.outcome}" for one in results)]
            with written_whole(beside, mode=0o600) as target:
                target.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
            say(f"逐件结果：{beside}")
        for one in failed if file else results:
            say(f"第{one.task_id}号：{one.outcome}")
        say(f"共{len(results)}件，未办{len(failed)}件。")
    if failed:
        raise typer.Exit(WENT_WRONG)


def _listed(file: Path) -> list[Assignment]:
    import csv

    from poverty_watch.verification.assigning import Assignment

    rows, faults = list[Assignment](), list[str]()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"名单 {file} 读不出来，请存为 UTF-8 的 CSV。") from error
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        task = (row.get("任务") or "").strip()
        if not task.isascii() or not task.isdigit():
            faults.append(f"第{number}行的“任务”不是编号")
            continue
        rows.append(Assignment(int(task), row.get("乡镇") or "", row.get("村") or ""))
    if faults:
        raise CommandError("；".join(faults[:20]) + "。一件也没有改派。")
    return rows


@tasks.command(help="登记一件任务的核实结果：属实、不属实、已在监测、查无此户。")
def decide(
    number: Annotated[int, typer.Argument(help="任务编号。")],
    outcome: Annotated[str, typer.Option("--outcome", help="核实结果。")],
    by: ByOption,
    given: Annotated[
        list[str] | None,
        typer.Option("--given", help="填写的内容，如 核实人=甲、乙；可写多次。"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="入户信息采集表；属实的必须交。")
    ] = None,
    on: OnOption = None,
    role: RoleOption = "县专班",
    place: PlaceOption = "",
) -> None:
    """Answer one task by hand."""
    with staff_errors():
        from poverty_watch.verification.cases.errors import CaseError
        from poverty_watch.verification.cases.given import read_given
        from poverty_watch.verification.cases.papers import keep_papers
        from poverty_watch.verification.cases.verdicts import Verdict, take_verdicts

        desk = _desk()
        viewer = acting(by, role, place)
        decisions = desk.policy.procedures["identification"].steps["verify"].decisions
        titles = {decision.title: key for key, decision in decisions.items()}
        texts = dict(_pair(text) for text in given or [])
        try:
            papers = keep_papers(
                desk.settings, desk.policy, {"visit_sheet": [file]} if file else {}
            )
            verdict = Verdict(
                number,
                titles.get(outcome, outcome),
                _day(on, desk.today),
                read_given(desk.policy, texts),
                tuple(papers),
            )
            with desk.ledger.transaction(viewer) as session:
                (taken,) = take_verdicts(session, desk, [verdict], viewer)
        except CaseError as error:
            raise CommandError(str(error)) from error
        if taken.problems:
            raise CommandError("".join(taken.problems))
        say(f"第{number}号任务已登记为“{outcome}”，记在第{taken.case_id}号案件。")


@tasks.command("import", help="收取报回的核实任务表，写出答复；同一份再收一次不会重复登记。")
def import_(
    month: MonthArgument,
    files: Annotated[list[Path], typer.Argument(help="一个或多个工作簿。")],
    township: Annotated[
        str, typer.Option("--township", help="由哪个乡镇报回；写了就只收该乡镇的户。")
    ] = "",
    by: ByOption = "",
    role: RoleOption = "县专班",
    place: PlaceOption = "",
) -> None:
    """Take in returned workbooks."""
    is_failed = False
    with staff_errors():
        sender = _sender(acting(by or "收表", role, place), township)
        from poverty_watch.months import Month
        from poverty_watch.verification.cases.errors import CaseError
        from poverty_watch.verification.returns import take_return
        from poverty_watch.workbooks.sheet import UnreadableError

        wanted, desk = Month.parse(month), _desk()
        for file in files:
            if not file.is_file():
                complain(f"没有文件 {file}。")
                is_failed = True
                continue
            try:
                outcome = take_return(file, desk, wanted, sender)
            except (UnreadableError, CaseError) as error:
                complain(str(error))
                is_failed = True
                continue
            say(outcome.summary)
            say(f"答复：{outcome.answer}")
    if is_failed:
        raise typer.Exit(WENT_WRONG)


@tasks.command(help="重新写出一个月的核实任务表；加 --villages 再按村各写一份。")
def export(
    month: MonthArgument,
    villages: Annotated[bool, typer.Option("--villages", help="按村各写一份。")] = False,
    by: ByOption = "",
    role: RoleOption = "县专班",
    place: PlaceOption = "",
) -> None:
    """Write the task sheets of a month."""
    with staff_errors():
        who = acting(by or "发表", role, place)
        if not who.may_unseal:
            raise CommandError(
                f"核实任务表含完整的身份证号，由县专班生成下发，{who.title}不能办理。"
            )
        from poverty_watch.months import Month
        from poverty_watch.verification import write_task_sheets

        settings = Settings.from_environment()
        ledger = standing_ledger(settings)
        outcome = write_task_sheets(Month.parse(month), settings, ledger, by_village=villages)
        say(outcome.summary)
        for path in outcome.paths:
            say(str(path))


def _sender(who: Viewer, township: str) -> str:
    """The township that a workbook comes from; empty where the office does not know.

    Raises:
        CommandError: somebody takes in what is not theirs.
    """
    if who.role == "county":
        return township
    if who.role != "township" or township not in ("", who.place):
        raise CommandError(f"收表由县专班或本乡镇办理，{who.title}不能办理。")
    return who.place


def _desk() -> Desk:
    from poverty_watch.settings import today
    from poverty_watch.verification.cases.carrying import Desk

    settings = Settings.from_environment()
    return Desk(settings, standing_ledger(settings), today())


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip():
        raise CommandError(f"“{text}”应写成 名称=内容，如 核实人=甲、乙。")
    return name.strip(), value.strip()


def _day(text: str | None, otherwise: date) -> date:
    from datetime import date

    if not text:
        return otherwise
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}”不是日期，请写成 2021-05-12 的形式。") from error
