"""What the terminal shows of a month's findings, within 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from poverty_watch.cli.console import CommandError, say
from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.settings import Settings, today

if TYPE_CHECKING:
    from poverty_watch.ledger.findings import FindingCounts
    from poverty_watch.ledger.models import Finding
    from poverty_watch.ledger.store import Ledger
    from poverty_watch.ledger.told import ToldFinding

_WIDTH = 80
_COUNTY = "县专班"


def say_findings(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    comparison: str | None,
    owner: str | None,
    rows: bool,
) -> None:
    """New, mended and open ones per comparison; with ``rows`` every open one.

    Raises:
        CommandError: the month was not compared yet.
    """
    from poverty_watch.ledger.findings import counts
    from poverty_watch.ledger.handling import handling
    from poverty_watch.ledger.screenings import current_screening
    from poverty_watch.ledger.told import findings_told

    with ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None:
            raise CommandError(f"{month.chinese}还没有运行比对，请先运行这个月。")
        lines = [
            line for line in counts(session, month) if comparison in (None, line.comparison_id)
        ]
        told = [
            one
            for one in findings_told(session, settings.lake, month, handling())
            if comparison in (None, one.finding.comparison_id)
            and owner in (None, _owner(one.finding))
        ]
    say(f"{month.chinese}比对问题", "bold")
    _say_table(lines, screening.checks, comparison)
    late = sum(one.finding.due_on is not None and one.finding.due_on < today() for one in told)
    say(f"{owner or '各单位'}承办、未整改的{len(told)}条，其中超过办理期限{late}条。")
    for one in told if rows else ():
        _say_row(one)


def _say_table(
    lines: Sequence[FindingCounts], checks: Sequence[dict[str, Any]], comparison: str | None
) -> None:
    """A line per comparison, also for those that found nothing or did not run."""
    from rich.console import Console
    from rich.table import Table

    from poverty_watch.ledger.handling import handling

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("比对", "名称", "性质", ">新发现", ">已整改", ">未整改", "说明"):
        justify: Any = "right" if heading.startswith(">") else "left"
        table.add_column(heading.lstrip(">"), justify=justify, overflow="fold")
    of = {
        id_: [line for line in lines if line.comparison_id == id_]
        for id_ in {line.comparison_id for line in lines}
    }
    for check in checks:
        id_ = check["id"]
        if not id_.startswith("C") or comparison not in (None, id_):
            continue
        own = of.get(id_, [])
        kinds = {handling()[line.outcome].title for line in own if line.outcome in handling()}
        table.add_row(
            id_,
            check["title"],
            "、".join(sorted(kinds)),
            *(
                str(sum(getattr(line, name) for line in own)) if own else ""
                for name in ("opened", "mended", "open")
            ),
            _lacking(check),
        )
    console = Console(highlight=False)
    console.print(table, width=max(_WIDTH, console.width))


def _lacking(check: dict[str, Any]) -> str:
    """What the comparison did without; its findings of before stay open."""
    if not check["lacks"]:
        return ""
    contracts = load_catalogue().contracts
    names = [contracts[name].title if name in contracts else name for name in check["lacks"]]
    return f"{'缺' if check['status'] == 'ran' else '未运行，缺'}{'、'.join(names)}"


def _owner(finding: Finding) -> str:
    if finding.owner_kind == "department":
        departments = load_catalogue().departments
        known = finding.owner in departments
        return departments[finding.owner].title if known else finding.owner
    return finding.owner or _COUNTY


def _say_row(told: ToldFinding) -> None:
    finding = told.finding
    where = f"{finding.township} {finding.village}".strip()
    due = f"，期限{finding.due_on}" if finding.due_on else ""
    say(
        f"{finding.comparison_id}-{finding.id}　{_owner(finding)}　{where}　{told.evidence['sentence']}"
    )
    since = Month.parse(finding.opened_month).chinese
    say(f"　　{since}首次发现{due}{'' if told.is_shown else '，本月缺数据，未复核'}")
