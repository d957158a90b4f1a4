"""Law cards: what a rule or comparison says, on what basis, and how it is tried, for officials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poverty_watch.contracts import Catalogue
from poverty_watch.files import read_yaml
from poverty_watch.months import Month
from poverty_watch.screening.definitions import SENDER, Definitions, RuleHeader, SqlFile
from poverty_watch.screening.parameters import Parameter, Value
from poverty_watch.settings import PROJECT

CASES = PROJECT / "tests" / "sql"
_OUTCOMES = {
    "FIX": "监测系统更正",
    "BACK": "退回报送部门核对",
    "STOP": "停发",
    "ENT": "核对应享政策",
    "ASSET": "入户时询问",
    "REVIEW": "人工复核",
    "INFO": "仅供参考",
}
_RELATIONS = {
    "delivered_rows": "各部门送来的全部行",
    "set_aside_rows": "各部门退回的行",
    "delivered_beside_registers": "名册以外各部门送来的行",
}
_PREVIOUS = "_previous"


@dataclass(frozen=True)
class Cases:
    """The tried cases of one check: that fire, stay quiet, and in which it cannot judge.

    Each is told in one sentence; ``sentences`` is what the check itself says where it fires.
    """

    sentences: tuple[str, ...]
    fires: tuple[str, ...]
    quiet: tuple[str, ...]
    cannot_judge: tuple[str, ...]


def cases_of(check_id: str, folder: Path = CASES) -> Cases:
    """The cases of a check; none where the project lies without its tests."""
    sentences: list[str] = []
    told: dict[str, list[str]] = {"fires": [], "quiet": [], "cannot_judge": []}
    for path in sorted(folder.glob(f"{check_id}/*/expect.yaml")):
        expected = _content(path)
        found = expected.get("hits") or expected.get("findings") or []
        sentences += [one["sentence"] for one in found if one.get("sentence")]
        is_run = expected.get("status") != "not_run"
        kind = ("fires" if found else "quiet") if is_run else "cannot_judge"
        told[kind].append(_content(path.with_name("given.yaml"))["about"])
    kinds = {kind: tuple(abouts) for kind, abouts in told.items()}
    return Cases(tuple(dict.fromkeys(sentences)), **kinds)


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8")) or {}
    return content


def check_named(check_id: str, definitions: Definitions) -> SqlFile[Any] | None:
    """The rule or comparison of an id, in small letters or capitals."""
    wanted = check_id.strip().upper()
    return next((file for file in checks_of(definitions) if file.id == wanted), None)


def checks_of(definitions: Definitions) -> tuple[SqlFile[Any], ...]:
    """All rules, then all comparisons."""
    return (*definitions.rules, *definitions.comparisons)


def card(
    file: SqlFile[Any], parameters: dict[str, Parameter], catalogue: Catalogue
) -> Iterator[str]:
    """The lines of a card, in Markdown that reads as plain text too."""
    header = file.header
    draft = "（草案，只试算，不派任务）" if header.state == "draft" else ""
    yield f"## {file.id} {header.title}{draft}"
    yield ""
    yield f"- 报出时说：{header.sentence}"
    if isinstance(header, RuleHeader):
        yield f"- 入户要问：{header.question}"
        yield f"- 严重程度：{header.severity}"
        yield f"- 风险类型：{header.risk}"
    else:
        yield f"- 处理方式：{_OUTCOMES[header.outcome]}（{header.outcome}）"
    yield f"- 依据：{header.basis}"
    yield f"- 起用：{Month.parse(header.since).chinese}"
    yield f"- 判断对象：{header.population or '所用数据中的每一行'}"
    yield f"- 所用数据：{_sources(header.sources, catalogue)}"
    yield f"- 核实部门：{_verifier(header.verifies, catalogue)}"
    if header.missing:
        yield f"- 缺值怎么算：{header.missing}"
    if not header.parameters:
        yield "- 参数：无"
    for name in header.parameters:
        parameter = parameters[name]
        yield f"- 参数 {name}：{parameter.title}（{parameter.unit}）"
        for value in parameter.values:
            yield f"  - {_dated(value)}"
    yield from _cases(cases_of(file.id))
    yield ""


def all_cards(
    definitions: Definitions, parameters: dict[str, Parameter], catalogue: Catalogue
) -> str:
    """The page of all cards."""
    lines = [
        "# 规则说明",
        "",
        "本页由规则文件、参数和用例生成，不要手改；重新生成：`poverty-watch card --all`。",
        "",
    ]
    for file in checks_of(definitions):
        lines += card(file, parameters, catalogue)
    return "\n".join(lines).rstrip("\n") + "\n"


def _dated(value: Value) -> str:
    unconfirmed = "" if value.confirmed else "，未经县审定"
    since = Month.parse(value.valid_from).chinese
    return f"自{since}起 {value.text}，依据：{value.basis}{unconfirmed}"


def _sources(sources: tuple[str, ...], catalogue: Catalogue) -> str:
    told = []
    for name in sources:
        dataset = name.removesuffix(_PREVIOUS)
        if dataset not in catalogue.contracts:
            told.append(_RELATIONS.get(dataset, dataset))
            continue
        previous = "上月的" if name.endswith(_PREVIOUS) else ""
        department = catalogue.department_of(dataset).title
        told.append(f"{department}{previous}“{catalogue.contract(dataset).title}”")
    return "、".join(told) or "各名册"


def _verifier(department: str, catalogue: Catalogue) -> str:
    if department == SENDER:
        return "报送该数据的部门"
    return catalogue.departments[department].title


def _cases(cases: Cases) -> Iterator[str]:
    kinds = {
        "报出的用例": cases.fires,
        "不报的用例": cases.quiet,
        "缺数据而无法判断的用例": cases.cannot_judge,
    }
    if not any(kinds.values()):
        return
    if cases.sentences:
        yield "- 报出时的原话："
        for sentence in cases.sentences[:3]:
            yield f"  - {sentence}"
    for title, abouts in kinds.items():
        yield f"- {title}：{len(abouts)} 例"
        for about in abouts:
            yield f"  - {about}"
