"""The callables of the tasks of ``monthly_monitoring``, in the order of a month.

Each imports what it needs when it runs: while a DAG file is parsed nothing heavy is loaded. What
they return goes to XCom and is one Chinese line with counts and paths, never a person's data.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from county_run.environment import CountyRun, step

log = logging.getLogger(__name__)
_NOTHING_NEW = "按当时所知补算，不收新的报送。"
TAKE_NOTHING = "都不接收"
LOOK_EVERY = float(os.environ.get("POVERTY_WATCH_LOOK_EVERY") or 1800)  # seconds; less in trials


def take(title: str) -> str:
    """The answer that takes a stopped delivery."""
    return f"接收“{title}”"


@step
def begin(run: CountyRun) -> list[str]:
    """The first step of each department's row: waiting, or fetching at once where nobody waits.

    A recomputed month is entered into the book of recomputations, and stops here where what it was
    made from is not there any more.
    """
    from poverty_watch.contracts import load_catalogue

    if run.is_backfill:
        from poverty_watch.intake.remaining import LostError, check_remaining
        from poverty_watch.ledger import recomputations

        with run.ledger.transaction() as session:
            recomputations.begin(session, run.month, run.request)
        try:
            check_remaining(run.month, run.settings, run.ledger)
        except LostError as error:
            with run.ledger.transaction() as session:
                recomputations.fail(session, run.month, run.run_id, str(error))
            raise
    first = "await_delivery" if run.waits else "fetch"
    return [f"{department}.{first}" for department in load_catalogue().departments] + [
        "tells_departments"
    ]


@step
def is_delivered_or_due(run: CountyRun, department_id: str) -> bool:
    """Whether collecting may begin: all has arrived, the cut-off is past, or the run does not wait."""
    if not run.waits:
        return True
    from county_run.connections import source_of
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.intake import SourceError, delivered
    from poverty_watch.intake.duty import duty_policy
    from poverty_watch.settings import today

    clocks = duty_policy().of(load_catalogue().departments[department_id].card)
    if today() > clocks.closes_on(run.month):
        return True
    try:
        return delivered(department_id, run.month, run.settings, source_of(department_id))
    except SourceError as error:
        # There is time until the cut-off: a source that is down is asked again later.
        log.warning("%s", error)
        return False


@step
def fetch(run: CountyRun, department_id: str) -> str:
    """Keep the department's files as delivered; a recomputed month as it was taken then."""
    if run.then is not None:
        return _NOTHING_NEW
    from county_run.connections import source_of
    from poverty_watch.intake.steps import fetch

    return fetch(
        department_id,
        run.month,
        run.settings,
        run.ledger,
        source_of(department_id),
        ask_again=not run.is_backfill,
    ).summary


@step
def validate(run: CountyRun, department_id: str) -> str:
    """Read, standardise and judge what is new."""
    if run.then is not None:
        return _NOTHING_NEW
    from poverty_watch.intake.steps import validate

    return validate(department_id, run.month, run.settings, run.ledger).summary


@step
def settle(run: CountyRun, department_id: str, earlier: Sequence[str | None]) -> str:
    """Write down what became of every dataset; ``earlier`` lacks the line of a step that failed."""
    if run.then is not None:
        return _NOTHING_NEW
    from poverty_watch.intake.steps import settle

    failed = any(line is None for line in earlier)
    return settle(
        department_id, run.month, run.settings, run.ledger, earlier_step_failed=failed
    ).summary


@step
def tells_departments(run: CountyRun) -> bool:
    """Whether departments are told what became of their sendings; a recomputed month tells nobody."""
    return not run.is_backfill


@step
def answer(run: CountyRun, department_id: str) -> str:
    """Tell the department what became of each sending."""
    from poverty_watch.intake.answers import write_answers

    return write_answers(department_id, run.month, run.settings, run.ledger).summary


@step
def stopped(run: CountyRun, department_id: str) -> dict[str, Any]:
    """What of the department stopped and waits for a person; empty where nothing does.

    A run that waits for nobody asks nobody: the command line decides there.
    """
    if run.is_draft or run.is_backfill:
        return {}
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.intake.acceptance import stopped_waiting, told_for_decision

    owed = load_catalogue().departments[department_id].contracts
    waiting = {s.dataset: s for s in stopped_waiting(run.month, run.ledger) if s.dataset in owed}
    if not waiting:
        return {}
    return {
        "told": told_for_decision(list(waiting.values())),
        "deliveries": {dataset: s.delivery_id for dataset, s in waiting.items()},
    }


@step
def accept(
    run: CountyRun, department_id: str, asked: dict[str, Any], answer: dict[str, Any]
) -> str:
    """Take what a person has chosen to take; silence, and a choice without a reason, take nothing."""
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.intake.acceptance import AcceptanceError, accept_stopped
    from poverty_watch.intake.answers import write_answers

    department = load_catalogue().departments[department_id]
    who = answer.get("responded_by_user") or {}
    if not who:
        return f"{department.title}：到期没有人决定，没有接收，仍是整份暂停。"
    chosen = {
        dataset: asked["deliveries"].get(dataset)
        for dataset, contract in department.contracts.items()
        if take(contract.title) in answer["chosen_options"]
    }
    name, reason = str(who.get("name") or who.get("id")), str(answer["params_input"]["reason"])
    told = []
    for dataset, delivery_id in chosen.items():
        try:
            if delivery_id is None:
                raise AcceptanceError(f"{department.contracts[dataset].title}没有停下，不用决定。")
            taken = accept_stopped(
                run.month, dataset, delivery_id, reason, name, run.settings, run.ledger
            )
            told.append(taken.summary)
        except AcceptanceError as error:
            told.append(f"没有接收：{error}")
    if any(delivery_id is not None for delivery_id in chosen.values()):
        write_answers(department_id, run.month, run.settings, run.ledger)
        told.append("比对和月报已经算过的，请重跑本月。")
    return f"{department.title}：" + ("".join(told) or f"{name}决定不接收，请部门改正后重报。")


@step
def stage(run: CountyRun) -> str:
    """Build persons, households and members."""
    from poverty_watch.screening import stage

    return stage(run.month, run.settings, run.ledger, run.known).summary


@step
def compare(run: CountyRun) -> str:
    """Run all comparisons."""
    from poverty_watch.screening import compare

    return compare(run.month, run.settings, run.ledger, run.known).summary


@step
def warn(run: CountyRun) -> str:
    """Run all warning rules."""
    from poverty_watch.screening import warn

    return warn(run.month, run.settings, run.ledger, run.known).summary


@step
def compare_register(run: CountyRun) -> str:
    """Hold the month's own register against what was decided here, and list what differs."""
    from poverty_watch.verification.cases.difference_list import write_difference_list
    from poverty_watch.verification.cases.differences import (
        compare_with_register,
        has_own_register,
    )

    _only_if(
        has_own_register(run.month, run.ledger),
        f"{run.month.chinese}没有当月的名册（沿用以前月份的），不与台账核对。",
    )
    compared = compare_with_register(run.month, run.settings, run.ledger)
    listed = write_difference_list(run.month, run.settings, run.ledger)
    return compared.summary + (f"清单在 {listed.path}" if listed.path else "")


@step
def settle_findings(run: CountyRun) -> str:
    """Open and close what comparisons find; a recomputed month tells nobody and sets no deadline."""
    from poverty_watch.screening import settle_findings
    from poverty_watch.settings import today

    told_on = today() if run.opens_tasks else None
    return settle_findings(run.month, run.settings, run.ledger, told_on).summary


@step
def write_finding_lists(run: CountyRun) -> str:
    """The lists of findings: departments', townships', the county office's."""
    _only_if(run.opens_tasks, "补算的月份不发比对问题清单。")
    from poverty_watch.intake.answers import write_comparison_answers
    from poverty_watch.verification import write_correction_lists

    own = write_correction_lists(run.month, run.settings, run.ledger)
    senders = write_comparison_answers(run.month, run.settings, run.ledger)
    return f"{own.summary}；{senders.summary}"


@step
def raise_leads(run: CountyRun) -> str:
    """Suppress, and merge the rest to one lead per household."""
    from poverty_watch.screening import raise_leads

    return raise_leads(run.month, run.settings, run.ledger).summary


@step
def open_tasks(run: CountyRun) -> str:
    """One verification task per lead; none for a recomputed month."""
    _only_if(run.opens_tasks, "补算的月份不派核实任务。")
    from poverty_watch.settings import today
    from poverty_watch.verification import open_tasks

    return open_tasks(run.month, run.settings, run.ledger, today()).summary


@step
def write_task_sheets(run: CountyRun) -> str:
    """One sheet per township."""
    _only_if(run.opens_tasks, "补算的月份不发核实任务表。")
    from poverty_watch.verification import write_task_sheets

    paths = write_task_sheets(run.month, run.settings, run.ledger).paths
    return f"核实任务表：{len(paths)}个乡镇{_where(paths)}"


@step
def build_report(run: CountyRun) -> str:
    """The workbook of the month."""
    from poverty_watch.report import build_report

    kind: Any = run.report_kind
    then = None if run.then is None else run.then.datasets
    made = build_report(run.month, run.settings, run.ledger, kind, then=then)
    if run.is_backfill:
        from poverty_watch.ledger import recomputations

        with run.ledger.transaction() as session:
            recomputations.finish(session, run.month, run.run_id, made.number, is_new=made.is_new)
    return f"{made.summary}，在 {made.path}"


@step
def write_exports(run: CountyRun) -> str:
    """The lists beside the report."""
    from poverty_watch.report import write_exports

    paths = write_exports(run.month, run.settings, run.ledger)
    return f"内部清单：{len(paths)}份{_where(paths)}"


@step
def asks_for_signature(run: CountyRun) -> bool:
    """Whether a person is asked to sign this report."""
    return run.asks_for_signature


@step
def is_report_day(run: CountyRun) -> bool:
    """Whether the draft may be made: from its day on, at once where the run waits for nobody."""
    if run.is_draft or run.is_backfill:
        return True
    from poverty_watch.contracts.reporting import reporting_days
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE, today

    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    return today() >= reporting_days(run.month, calendar).draft_on


@step
def sign_report(run: CountyRun, answer: dict[str, Any] | None) -> str:
    """Publish the report under the name of who approved it; anything but a yes fails loudly.

    A version that was signed from the command line meanwhile is signed, whatever came of the asking.
    """
    from county_run.signing import RETURN, SIGN
    from poverty_watch.report import ReportError
    from poverty_watch.report.signing import sign, signed_already

    who = (answer or {}).get("responded_by_user") or {}
    name = str(who.get("name") or who.get("id") or "")
    chosen = (answer or {}).get("chosen_options")
    signed = signed_already(run.month, run.settings, run.ledger)
    if signed is not None and not (name and chosen == [RETURN]):
        return f"{signed.title}：已由{signed.signed_by}签发"
    if signed is not None:
        why = f"{name}退回时，第{signed.number}版已由{signed.signed_by}签发；要改请出更正版"
    elif name and chosen == [SIGN]:
        try:
            return sign(run.month, run.settings, run.ledger, name, [run.started_by]).summary
        except ReportError as error:
            why = str(error)
    elif name:
        why = f"被{name}退回"
    elif answer is None:
        why = "前面的步骤出错，没有请人审签"
    else:
        why = "到期无人审签"
    raise RuntimeError(_not_signed(run, why))


def _not_signed(run: CountyRun, why: str) -> str:
    """Tell the office by mail as well; that it cannot be told changes nothing about the failure."""
    from county_run.connections import mail_server
    from poverty_watch.contracts.recipients import recipients
    from poverty_watch.report.signing import tell_unsigned
    from poverty_watch.settings import today

    told = f"{run.month.chinese}月报未签发：{why}。报表仍为草稿，处理后请重新运行本月。"
    try:
        posted = tell_unsigned(
            run.month, why, run.settings, run.ledger, recipients(), mail_server(), today()
        )
    except Exception as error:
        log.exception("%s", error)
        return f"{told}通知邮件没有发出（{type(error).__name__}）。"
    return told if posted.is_complete else f"{told}\n{posted.summary}"


@step
def deliver(run: CountyRun) -> str:
    """Send the signed report; whoever did not get it makes the step fail."""
    _only_if(run.sends_report, "补算的月份不对外发送。")
    from county_run.connections import mail_server
    from poverty_watch.contracts.recipients import recipients
    from poverty_watch.report.sending import send_report

    posted = send_report(run.month, run.settings, run.ledger, recipients(), mail_server())
    # Without a server the report is carried by hand; everything is written down as waiting.
    _only_if(
        posted.has_server,
        f"没有配置邮件服务器（连接 poverty_watch_smtp），请人工送达。{posted.summary}",
    )
    if not posted.is_complete:
        raise RuntimeError(f"月报已签发，没有全部送达。{posted.summary}")
    return posted.summary


def _where(paths: Sequence[Path]) -> str:
    return f"，在 {paths[0].parent}" if paths else ""


def _only_if(wanted: bool, otherwise: str) -> None:
    if not wanted:
        from airflow.sdk.exceptions import AirflowSkipException

        raise AirflowSkipException(otherwise)
