"""Whether SQL files, parameters and contracts fit each other: what one names, another must know."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from poverty_watch.contracts import Catalogue
from poverty_watch.engine import counting
from poverty_watch.screening.definitions import (
    SENDER,
    ComparisonHeader,
    Definitions,
    SqlFile,
)
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.screening.inputs import OF_ALL_DATASETS
from poverty_watch.screening.parameters import Parameter
from poverty_watch.screening.reference import REFERENCE_TABLES

_OF_EVERY_MONTH = ("month", "month_start", "month_end", "year_start")
_ENDINGS = ("", "_previous", "_history")
_TOLD = ("name", "value", "threshold", "detail")
_OTHER = "other_value"
_ELIGIBLE = "eligible"


def check_together(
    definitions: Definitions, parameters: Mapping[str, Parameter], catalogue: Catalogue
) -> None:
    """Refuse files that do not fit each other.

    Raises:
        DefinitionError: what is named is not there; all mistakes are listed, file by file.
    """
    checks: tuple[SqlFile[Any], ...] = (*definitions.comparisons, *definitions.rules)
    problems = [
        f"{file.path.parent.name}/{file.path.name}：{mistake}"
        for file in checks
        for mistake in _mistakes(file, definitions, parameters, catalogue)
    ]
    ids = {file.id for file in definitions.all}
    problems += [
        f"parameters.yaml：{parameter.name} → used_by：没有编号 {check}"
        for parameter in parameters.values()
        for check in parameter.used_by
        if check not in ids
    ]
    if problems:
        raise DefinitionError(
            "SQL 文件与参数、数据目录对不上，请逐条改正：\n" + "\n".join(f"- {p}" for p in problems)
        )


def _mistakes(
    file: SqlFile[Any],
    definitions: Definitions,
    parameters: Mapping[str, Parameter],
    catalogue: Catalogue,
) -> Iterator[str]:
    header = file.header
    known = {f"{name}{ending}" for name in catalogue.contracts for ending in _ENDINGS}
    for name in header.parameters:
        if name not in parameters:
            yield f"parameters：parameters.yaml 里没有参数“{name}”"
    for name in header.sources:
        if name not in known | OF_ALL_DATASETS:
            yield f"sources：没有数据集“{name}”"
    is_comparison = isinstance(header, ComparisonHeader)
    departments = {*catalogue.departments, *([SENDER] if is_comparison else [])}
    if header.verifies not in departments:
        yield f"verifies：没有部门“{header.verifies}”"
    yield from _in_sentence(header.sentence, (*_TOLD, _OTHER) if is_comparison else _TOLD)
    for cell in header.cells:
        yield from _in_cell(cell, catalogue)
    staged = {staging.id for staging in definitions.staging}
    for relation in sorted(file.relations - known - OF_ALL_DATASETS - staged):
        if relation not in REFERENCE_TABLES:
            yield f"SQL 读了“{relation}”，没有这样的表"
    for name in sorted(file.binds - _offered(file, parameters)):
        yield f"SQL 用了参数“${name}”，文件头的 parameters 或 sources 里没有写"
    try:
        counting(file.sql, _ELIGIBLE, ())
    except ValueError:
        yield f"SQL 里要有一段叫 {_ELIGIBLE}（能够判断的人或户）"


def _in_sentence(sentence: str, known: tuple[str, ...]) -> Iterator[str]:
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(sentence)]
    except ValueError:
        yield "sentence：花括号不成对"
        return
    for field in fields:
        if field is not None and field not in known:
            told = "、".join(f"{{{name}}}" for name in known)
            yield f"sentence：不认识“{{{field}}}”，可以写 {told}"


def _in_cell(cell: str, catalogue: Catalogue) -> Iterator[str]:
    name, _, column = cell.partition(".")
    dataset = name.removesuffix("_previous").removesuffix("_history")
    contract = catalogue.contracts.get(dataset)
    if contract is None:
        yield f"cells：没有数据集“{name}”"
    elif column not in {one.name for one in contract.columns}:
        yield f"cells：“{contract.title}”没有叫“{column}”的列"


def _offered(file: SqlFile[Any], parameters: Mapping[str, Parameter]) -> set[str]:
    """Names that the SQL may bind."""
    offered = set(_OF_EVERY_MONTH)
    for name in file.header.parameters:
        # A parameter that is not there is told already.
        has_two = name not in parameters or parameters[name].values[0].value is None
        has_one = name not in parameters or not has_two
        offered.add(f"{name}_note")
        offered |= {f"{name}_t", f"{name}_g"} if has_two else set()
        offered |= {name} if has_one else set()
    sources = {source.removesuffix("_previous") for source in file.header.sources}
    return offered | {f"has_{source}{ending}" for source in sources for ending in _ENDINGS[:2]}
