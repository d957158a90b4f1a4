"""The verbs about cases: list, show, open, decide, notices, entry, compare."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from poverty_watch.cli.console import WENT_WRONG, CommandError, complain, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.cli.who import ByOption, OnOption, PlaceOption, RoleOption, acting
from poverty_watch.settings import Settings, today

if TYPE_CHECKING:
    from datetime import date

    from poverty_watch.verification.cases.carrying import Desk

cases = typer.Typer(help="案件：识别认定、回退、消除的办理。", no_args_is_help=True)

_COUNTY = "县专班"

GiveOption = Annotated[
    list[str] | None, typer.Option("--give", help="要填的内容，写成“项目=内容”，可以写几次。")
]
PaperOption = Annotated[
    list[str] | None, typer.Option("--paper", help="材料，写成“种类=文件”，可以写几次。")
]


@cases.command("list", help="列出案件：默认列在办的，最急的在前。")
def list_verb(
    step: Annotated[str | None, typer.Option("--step", help="只看某一环节，如 公示。")] = None,
    household: Annotated[
        str | None, typer.Option("--household", help="只看一户，如 R:123。")
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="只看超期的。")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="看已结案的。")] = False,
    by: ByOption = _COUNTY,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """List the viewer's cases."""
    with staff_errors():
        from poverty_watch.cli.case_results import say_cases
        from poverty_watch.verification.cases.reading import list_cases

        desk, viewer = desk_here(), acting(by, role, place)
        with desk.ledger.transaction(viewer) as session:
            lines = list_cases(
                session,
                desk.policy,
                desk.today,
                step=step,
                household_id=household,
                late=late,
                closed=closed,
            )
        say_cases(lines)


@cases.command(help="看一个案件：每一步谁、哪天、凭什么材料办的，下一步要交什么。")
def show(
    number: Annotated[int, typer.Argument(help="案件编号。")],
    by: ByOption = _COUNTY,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """Show one case."""
    with staff_errors():
        from poverty_watch.cli.case_results import say_case
        from poverty_watch.verification.cases.households import households_of
        from poverty_watch.verification.cases.reading import case_with_steps

        desk, viewer = desk_here(), acting(by, role, place)
        with desk.ledger.transaction(viewer) as session:
            case = case_with_steps(session, number)
            if case is None:
                raise CommandError(f"没有第{number}号案件，或不属于{viewer.title}。")
            known = households_of(session, desk.settings, [case.household_id])
        say_case(desk, case, known.get(case.household_id), viewer)


@cases.command("open", help="立案：群众自主申报、干部排查发现的，或提出消除风险的。")
def open_verb(
    household: Annotated[str, typer.Argument(help="户，R:户编号 或 H:户号。")],
    by: ByOption,
    origin: Annotated[
        str, typer.Option("--origin", help="来源：自主申报、干部排查。")
    ] = "自主申报",
    eliminate: Annotated[bool, typer.Option("--eliminate", help="提出消除风险。")] = False,
    urgent: Annotated[
        str, typer.Option("--urgent", help="走绿色通道的理由：先派帮扶，后补程序。")
    ] = "",
    risks: Annotated[str, typer.Option("--risks", help="致贫返贫风险，主要的写在前。")] = "",
    remarks: Annotated[str, typer.Option("--remarks", help="备注。")] = "",
    on: OnOption = None,
    role: RoleOption = "乡镇",
    place: PlaceOption = "",
) -> None:
    """Open a case by hand."""
    with staff_errors():
        from poverty_watch.verification.cases.given import read_given
        from poverty_watch.verification.cases.households import households_of
        from poverty_watch.verification.cases.opening import ORIGIN_TITLES, open_by_hand

        desk, viewer = desk_here(), acting(by, role, place)
        origins = {title: key for key, title in ORIGIN_TITLES.items()}
        origin_key = origins.get(origin, origin)
        if origin_key not in ("self_report", "cadre"):
            raise CommandError("来源请写 自主申报 或 干部排查；部门推送的由预警派任务。")
        told = read_given(desk.policy, {"risks": risks, "remarks": remarks})
        with desk.ledger.transaction(viewer) as session:
            known = households_of(session, desk.settings, [household])
            if household not in known:
                raise CommandError(
                    f"最近一期数据里没有{household}这一户，或不属于{viewer.title}。"
                    "请核对户编号（R:）或户号（H:）。"
                )
            case = open_by_hand(
                session,
                desk.policy,
                known[household],
                None if eliminate else origin_key,  # type: ignore[arg-type]
                day_of(on),
                viewer,
                desk.workdays,
                urgent_because=urgent,
                risks=told.get("risks"),
                remarks=str(told.get("remarks") or ""),
            )
        title = desk.policy.procedures[case.kind].title
        say(f"已立第{case.id}号案件“{title}”，期限{case.due_on}。")


@cases.command(help="办一步：写明决定、经办人，按要求填写内容、交材料。缺什么会一次说清。")
def decide(
    number: Annotated[int, typer.Argument(help="案件编号。")],
    decision: Annotated[str, typer.Argument(help="决定，如 评议同意；用 case show 看有哪些。")],
    by: ByOption,
    give: GiveOption = None,
    paper: PaperOption = None,
    on: OnOption = None,
    role: RoleOption = "乡镇",
    place: PlaceOption = "",
) -> None:
    """Take a decision."""
    with staff_errors():
        from poverty_watch.verification.cases.decisions import decide as carry
        from poverty_watch.verification.cases.decisions import (
            decision_named,
            found_case,
        )
        from poverty_watch.verification.cases.given import read_given

        desk, viewer = desk_here(), acting(by, role, place)
        files: dict[str, list[Path]] = {}
        for kind, path in _pairs(paper, "--paper"):
            files.setdefault(kind, []).append(Path(path))
        given = read_given(desk.policy, dict(_pairs(give, "--give")))
        with desk.ledger.transaction(viewer) as session:
            case = found_case(session, number, viewer)
            key, step = decision_named(desk.policy, case, decision), case.step
        decided = carry(desk, number, key, viewer, day_of(on), given, files, step=step)
        say(decided.summary)


@cases.command(help="看一户够不够消除风险的条件，逐条说明；不能判断的不算满足。")
def criteria(
    household: Annotated[str, typer.Argument(help="户，R:户编号。")],
    on: OnOption = None,
    by: ByOption = _COUNTY,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """Judge a household's elimination."""
    with staff_errors():
        from poverty_watch.cli.case_results import say_criteria
        from poverty_watch.months import Month
        from poverty_watch.verification.cases.elimination import criteria as judge
        from poverty_watch.verification.cases.households import households_of

        desk, viewer = desk_here(), acting(by, role, place)
        with desk.ledger.transaction(viewer) as session:
            known = viewer.role in ("county", "township") and households_of(
                session, desk.settings, [household]
            )
        if not known:
            raise CommandError(f"最近一期数据里没有{household}这一户，或不属于{viewer.title}。")
        with desk.ledger.transaction() as session:
            found = judge(session, desk.settings, [household], Month.of(day_of(on)))[household]
        say_criteria(found)


@cases.command(
    help="生成公示：每村一份，只有户主姓名和人口数；不知道户主的户说明原因，不影响别的户。"
)
def notices(
    by: ByOption,
    on: OnOption = None,
    role: RoleOption = "乡镇",
    place: PlaceOption = "",
) -> None:
    """Write the notices of cases that wait to be posted."""
    with staff_errors():
        from poverty_watch.verification.cases.notice import write_notices

        written = write_notices(desk_here(), acting(by, role, place), day_of(on))
        _say_files(written.paths, "公示")
        for told in written.left_out:
            complain(told)
        if written.left_out:
            raise typer.Exit(WENT_WRONG)


@cases.command(help="生成录入表：已审定待录入的户，按监测系统的列次，含完整号码，用途记入台账。")
def entries(
    by: ByOption,
    on: OnOption = None,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """Write the workbooks for the clerk who enters cases in the national system."""
    with staff_errors():
        from poverty_watch.verification.cases.entry import write_entries

        _say_files(write_entries(desk_here(), acting(by, role, place), day_of(on)), "录入表")


@cases.command(help="核对一个月的名册与台账：不一致的列出来，两边都不改。")
def compare(
    month: Annotated[str, typer.Argument(help="月份，如 2021-05。")],
    by: ByOption = _COUNTY,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """Compare a month's register with the cases."""
    with staff_errors():
        from poverty_watch.cli.case_results import say_differences
        from poverty_watch.months import Month
        from poverty_watch.verification.cases.difference_list import write_difference_list
        from poverty_watch.verification.cases.differences import compare_with_register

        desk, viewer = desk_here(), acting(by, role, place)
        wanted = Month.parse(month)
        if viewer.role == "county":
            say(compare_with_register(wanted, desk.settings, desk.ledger).summary)
            listed = write_difference_list(wanted, desk.settings, desk.ledger)
            if listed.path:
                say(f"清单：{listed.path}")
        with desk.ledger.transaction(viewer) as session:
            say_differences(session, wanted)


def _say_files(paths: Iterable[Path], what: str) -> None:
    written = list(paths)
    if not written:
        say(f"没有要生成的{what}。")
    for path in written:
        say(f"已生成：{path}")


def _pairs(texts: Iterable[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign:
            raise CommandError(f"{option} 要写成“名称=内容”，“{text}”里没有等号。")
        pairs.append((name.strip(), value.strip()))
    return pairs


def day_of(text: str | None) -> date:
    """The day that ``--on`` names; today if it is not given."""
    from datetime import date

    if text is None:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}”不是日期，请写成 2021-05-12 的形式。") from error


def desk_here() -> Desk:
    """The desk of this installation, today."""
    from poverty_watch.verification.cases.carrying import Desk

    settings = Settings.from_environment()
    return Desk(settings, standing_ledger(settings), today())
