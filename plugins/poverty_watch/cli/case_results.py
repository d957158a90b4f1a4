"""What the terminal shows of cases and of help, within 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from poverty_watch.cli.console import say
from poverty_watch.cli.tables import print_table, table_of
from poverty_watch.months import Month, Workdays

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from poverty_watch.ledger.access import Viewer
    from poverty_watch.ledger.models import Case, CaseStep, Measure
    from poverty_watch.verification.cases.carrying import Desk
    from poverty_watch.verification.cases.elimination import Criterion
    from poverty_watch.verification.cases.help import Unhelped
    from poverty_watch.verification.cases.households import Household
    from poverty_watch.verification.cases.procedure import Policy
    from poverty_watch.verification.cases.reading import CaseLine


def say_cases(lines: Sequence[CaseLine]) -> None:
    """A list of cases with a line below that counts them."""
    table = table_of(">编号", "类别", "户", "乡镇", "村", "环节", "期限", ">超期")
    for line in lines:
        table.add_row(
            str(line.id),
            ("急 " if line.is_urgent else "") + line.kind,
            line.household_id,
            line.township,
            line.village,
            line.step or line.outcome,
            str(line.due_on or ""),
            f"{line.days_late}天" if line.days_late else "",
        )
    if lines:
        print_table(table)
    late = sum(line.days_late > 0 for line in lines)
    say(f"共{len(lines)}件" + (f"，超期{late}件。" if late else "。"))


def say_case(desk: Desk, case: Case, household: Household | None, viewer: Viewer) -> None:
    """One case: what it is, its steps, and what the next one needs."""
    from poverty_watch.verification.cases.opening import ORIGIN_TITLES
    from poverty_watch.verification.cases.reading import OUTCOME_TITLES

    policy = desk.policy
    procedure = policy.procedures[case.kind]
    head = viewer.shown_name(household.head_name) if household else "（最近一期数据里没有）"
    say(
        f"第{case.id}号 {procedure.title} {case.household_id} {case.township}{case.village}", "bold"
    )
    say(f"户主：{head}；来源：{ORIGIN_TITLES[case.origin]}；线索月：{case.month}")
    for title, text in (
        ("绿色通道", "是" if case.is_urgent else ""),
        ("风险", "、".join(case.risks)),
        ("类别", case.monitored_class or ""),
        ("消除方式", case.mode or ""),
        ("审定日", str(case.approved_on or "")),
        ("结果", OUTCOME_TITLES.get(case.outcome or "", "")),
        ("原因", case.outcome_reason or ""),
    ):
        if text:
            say(f"{title}：{text}")
    for step in case.steps:
        _say_step(policy, case, step, with_what_was_given=viewer.role != "viewer")
    _say_next(policy, case, desk.workdays)


def _say_step(policy: Policy, case: Case, step: CaseStep, *, with_what_was_given: bool) -> None:
    of_step = policy.procedures[case.kind].steps.get(step.step)
    title = of_step.title if of_step else step.step
    decision = of_step.decisions.get(step.decision) if of_step else None
    late = step.due_on is not None and step.done_on > step.due_on
    say(
        f"{step.number}. {step.done_on} {title}：{decision.title if decision else step.decision}"
        f"（{step.actor}{f'，期限{step.due_on}，超期' if late else ''}）"
    )
    for name, value in step.given.items() if with_what_was_given else ():
        field = policy.fields.get(name)
        say(f"   {field.title if field else name}：{_told(value)}")
    for paper in step.evidence:
        kind = policy.papers.get(str(paper["kind"]), str(paper["kind"]))
        say(f"   材料：{kind} {paper.get('name', '')}（{str(paper['sha256'])[:12]}…）")


def _say_next(policy: Policy, case: Case, workdays: Workdays) -> None:
    if case.step is None or case.due_on is None:
        say(f"已于{case.closed_on}结案。")
        return
    step = policy.procedures[case.kind].steps[case.step]
    due, total = (f"{day}{workdays.note(day)}" for day in (case.due_on, case.total_due_on))
    say(f"下一步：{step.title}，期限{due}，全程期限{total}。可以作的决定：")
    for decision in step.decisions.values():
        needs = [policy.fields[name].title for name in decision.needs]
        papers = [policy.papers[name] for name in decision.papers]
        told = f"要填：{'、'.join(needs)}" if needs else ""
        told += ("；" if told and papers else "") + (f"要交：{'、'.join(papers)}" if papers else "")
        say(f"· {decision.title}{f'（{told}）' if told else ''}")


def _told(value: object) -> str:
    if isinstance(value, dict):
        return "；".join(f"{name}：{text}" for name, text in value.items())
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def say_criteria(found: Iterable[Criterion]) -> None:
    """Every criterion with its verdict."""
    from poverty_watch.verification.cases.elimination import VERDICT_TITLES, not_met

    listed = list(found)
    table = table_of("条件", "判断", "说明")
    for one in listed:
        table.add_row(one.title, VERDICT_TITLES[one.verdict], one.detail)
    print_table(table)
    missing = len(not_met(listed))
    say("各项条件都满足，可以提出消除。" if not missing else f"有{missing}项不满足，不能提出消除。")


def say_differences(session: Session, month: Month) -> None:
    """Where a month's register and the viewer's cases differ."""
    from sqlalchemy import select

    from poverty_watch.ledger.models import CaseDifference

    rows = session.scalars(
        select(CaseDifference)
        .where(CaseDifference.month == str(month))
        .order_by(CaseDifference.township, CaseDifference.case_id, CaseDifference.field)
    ).all()
    if not rows:
        say("没有不一致。")
        return
    table = table_of("乡镇", ">案件", "项目", "台账", "名册")
    for row in rows:
        table.add_row(
            row.township, str(row.case_id), row.field, row.here or "空白", row.in_register or "空白"
        )
    print_table(table)


def say_measures(measures: Sequence[Measure], titles: dict[str, str], late: set[int]) -> None:
    """A list of measures."""
    from poverty_watch.verification.cases.help import STATUS_TITLES

    table = table_of(">编号", "户", "乡镇", "风险", "措施", "部门", "期限", "状态")
    for one in measures:
        table.add_row(
            str(one.id),
            one.household_id,
            one.township,
            one.risk,
            one.kind,
            titles.get(one.department, one.department),
            str(one.due_on),
            STATUS_TITLES[one.status] + ("，超期" if one.id in late else ""),
        )
    if measures:
        print_table(table)
    say(f"共{len(measures)}项" + (f"，超期{len(late)}项。" if late else "。"))


def say_waiting(without_help: Sequence[Unhelped], undeveloped: Sequence[Unhelped]) -> None:
    """Households that have waited too long for help."""
    from poverty_watch.verification.cases.help import load_help_policy

    policy = load_help_policy()
    for title, found in (
        (f"认定后超过{policy.late_days}天没有落实任何措施", without_help),
        (f"认定满{policy.developing_months}个月没有开发式帮扶", undeveloped),
    ):
        say(f"{title}：{len(found)}户", "bold")
        table = table_of("户", "乡镇", "村", ">案件", "审定日", ">已过")
        for one in found:
            table.add_row(
                one.household_id,
                one.township,
                one.village,
                str(one.case_id),
                str(one.approved_on),
                f"{one.days}天",
            )
        if found:
            print_table(table)
    say("在国家系统中直接认定的户，看预警规则W25、W26。")
