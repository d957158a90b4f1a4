"""The verbs about help: list, plan, done, cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from poverty_watch.cli.cases import day_of, desk_here
from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.cli.who import ByOption, OnOption, PlaceOption, RoleOption, acting

measures = typer.Typer(help="帮扶任务：派给部门、登记落实。", no_args_is_help=True)

_COUNTY = "县专班"


@measures.command("list", help="列出帮扶任务：默认列待落实的；--waiting 列认定后久未落实的户。")
def list_verb(
    household: Annotated[str | None, typer.Option("--household", help="只看一户。")] = None,
    late: Annotated[bool, typer.Option("--late", help="只看超期的。")] = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="列认定后久未落实、久无开发式帮扶的户。")
    ] = False,
    by: ByOption = _COUNTY,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """List the viewer's measures."""
    with staff_errors():
        from sqlalchemy import select

        from poverty_watch.cli.case_results import say_measures, say_waiting
        from poverty_watch.contracts import load_catalogue
        from poverty_watch.ledger.models import Measure
        from poverty_watch.verification.cases.help import PLANNED, without_development, without_help

        desk, viewer = desk_here(), acting(by, role, place)
        with desk.ledger.transaction(viewer) as session:
            if waiting:
                say_waiting(
                    without_help(session, desk.today), without_development(session, desk.today)
                )
                return
            query = select(Measure).order_by(Measure.due_on, Measure.id)
            if household is None:
                query = query.where(Measure.status == PLANNED)
            else:
                query = query.where(Measure.household_id == household)
            found = list(session.scalars(query))
        overdue = {m.id for m in found if m.status == PLANNED and m.due_on < desk.today}
        shown = [m for m in found if m.id in overdue or not late]
        titles = {name: one.title for name, one in load_catalogue().departments.items()}
        say_measures(shown, titles, overdue)


@measures.command(help="另派一项帮扶任务：户须已是监测对象、已审定，或走绿色通道。")
def plan(
    household: Annotated[str, typer.Argument(help="户，R:户编号 或 H:户号。")],
    risk: Annotated[str, typer.Argument(help="针对的风险，如 因病。")],
    kind: Annotated[str, typer.Argument(help="措施类别，如 健康帮扶。")],
    department: Annotated[str, typer.Argument(help="负责部门，如 医保局。")],
    by: ByOption,
    on: OnOption = None,
    role: RoleOption = _COUNTY,
    place: PlaceOption = "",
) -> None:
    """Plan a measure."""
    with staff_errors():
        from poverty_watch.contracts import load_catalogue
        from poverty_watch.verification.cases.help import helped_household, plan_measure
        from poverty_watch.verification.cases.households import households_of

        desk, viewer = desk_here(), acting(by, role, place)
        names = {one.title: name for name, one in load_catalogue().departments.items()}
        with desk.ledger.transaction(viewer) as session:
            known = households_of(session, desk.settings, [household]).get(household)
            helped, is_urgent = helped_household(session, household, known, viewer)
            made = plan_measure(
                session,
                helped,
                risk,
                kind,
                names.get(department, department),
                day_of(on),
                by,
                is_urgent=is_urgent,
            )
            session.flush()
        say(f"已派第{made.id}号帮扶任务“{kind}”，期限{made.due_on}。")


@measures.command(help="登记一项帮扶任务已落实：写明情况，可以附材料。")
def done(
    number: Annotated[int, typer.Argument(help="帮扶任务编号。")],
    result: Annotated[str, typer.Option("--result", help="落实的情况。")],
    by: ByOption,
    paper: Annotated[list[Path] | None, typer.Option("--paper", help="佐证材料。")] = None,
    on: OnOption = None,
    role: RoleOption = "部门",
    place: PlaceOption = "",
) -> None:
    """Mark a measure as carried out."""
    _finish(number, "done", result, by, paper, on, role, place)


@measures.command(help="取消一项帮扶任务，写明理由；由县专班办理。")
def cancel(
    number: Annotated[int, typer.Argument(help="帮扶任务编号。")],
    reason: Annotated[str, typer.Option("--reason", help="取消的理由。")],
    by: ByOption,
    on: OnOption = None,
) -> None:
    """Cancel a measure."""
    _finish(number, "cancelled", reason, by, None, on, _COUNTY, "")


def _finish(
    number: int,
    status: str,
    result: str,
    by: str,
    paper: list[Path] | None,
    on: str | None,
    role: str,
    place: str,
) -> None:
    with staff_errors():
        from poverty_watch.identity import mask_numbers
        from poverty_watch.verification.cases.help import STATUS_TITLES, finish_measure
        from poverty_watch.verification.cases.papers import keep_papers

        desk, viewer = desk_here(), acting(by, role, place)
        if not by.strip():
            raise CommandError("请用 --by 写明经办人。")
        papers = keep_papers(desk.settings, desk.policy, {"help_proof": paper or []})
        with desk.ledger.transaction(viewer) as session:
            finish_measure(
                session,
                number,
                status,
                mask_numbers(result),
                day_of(on),
                viewer,
                desk.today,
                papers,
            )
        say(f"第{number}号帮扶任务{STATUS_TITLES[status]}。")
