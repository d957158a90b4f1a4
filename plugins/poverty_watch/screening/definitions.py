"""The SQL files in ``sql/``: staging, comparisons, rules, each with its YAML header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from poverty_watch.engine import relations_of
from poverty_watch.files import read_yaml, sha256_of
from poverty_watch.mistakes import mistakes_in, yaml_mistake
from poverty_watch.months import Month
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.settings import SQL

_HEADER = re.compile(r"\A\s*/\*(.*?)\*/", re.DOTALL)
_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")


# In ``verifies``: the department that sent the dataset of the finding.
SENDER = "sender"


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    basis: str
    about: str = ""


class StagingHeader(_Header):
    """A table that every comparison and rule may read."""


class _CheckHeader(_Header):
    """What comparisons and rules have in common.

    ``sources``: datasets that must have an accepted or nil delivery of the month (of the month
    before where ``_previous`` is added); the registers serve from earlier months and need not be
    listed. ``one_by_one``: it runs on those of its sources that are there, and ``$has_<dataset>``
    says which. ``parameters``: names in ``sql/parameters.yaml``. ``sentence``: one Chinese clause
    per row with {name} {value} {threshold} {detail}, of a comparison {other_value} too.
    ``missing``: what a missing value means. ``cells``: ``<dataset>.<column>`` of the source rows
    that hold the values of the evidence. ``population``: who is judged, a key of
    ``sql/populations.yaml``. ``state``: a draft opens no task. ``event``: it tells of something that
    happened in the month, so that a later month without it clears nothing; where it is not said, a
    check that reads increments does.
    """

    sentence: str
    verifies: str
    sources: tuple[str, ...]
    one_by_one: bool = False
    parameters: tuple[str, ...]
    since: str
    population: str | None = None
    missing: str = ""
    cells: tuple[str, ...] = ()
    state: Literal["in_force", "draft"] = "in_force"
    event: bool | None = None

    @field_validator("since")
    @classmethod
    def _is_month(cls, text: str) -> str:
        Month.parse(text)
        return text


class RuleHeader(_CheckHeader):
    """A warning rule.

    ``hit_by_absence``: a missing row is the hit, so rows sent back are named: of all its sources,
    or of those listed. ``worse``: which way the value goes as the matter gets worse.
    """

    id: str = Field(pattern=r"^W\d{2}$")
    question: str
    severity: str
    risk: str
    population: str
    missing: str
    cells: tuple[str, ...]
    hit_by_absence: bool | tuple[str, ...] = False
    worse: Literal["higher", "lower"] = "higher"

    @property
    def missed_in(self) -> tuple[str, ...]:
        """The datasets in which a missing row is the hit."""
        if isinstance(self.hit_by_absence, bool):
            return self.sources if self.hit_by_absence else ()
        return self.hit_by_absence


class ComparisonHeader(_CheckHeader):
    """A comparison.

    ``subject``: what a finding is about; of a person, ``person_id`` says who, of a household
    ``household_id``, a township or reason is told in ``name``. ``verifies`` may be ``sender``: the
    department that sent the dataset of the finding. A row with ``is_count`` is no
    finding: its ``value`` is a figure for the dataset.
    """

    id: str = Field(pattern=r"^C\d{2}$")
    subject: Literal["person", "household", "township", "reason"]
    outcome: Literal["FIX", "BACK", "STOP", "ENT", "ASSET", "REVIEW", "INFO"]


_H = TypeVar("_H", bound=_Header)


@dataclass(frozen=True)
class SqlFile(Generic[_H]):
    """A SQL file with its header."""

    header: _H
    sql: str
    path: Path
    sha256: str

    @property
    def id(self) -> str:
        """The id in the header."""
        return self.header.id

    @cached_property
    def relations(self) -> frozenset[str]:
        """Relations that it reads."""
        return relations_of(self.sql)

    @cached_property
    def binds(self) -> frozenset[str]:
        """Names of the parameters that it binds."""
        return frozenset(_PARAMETER.findall(_HEADER.sub("", self.sql)))


@dataclass(frozen=True)
class Definitions:
    """All SQL files: staging in the order in which the tables build on each other."""

    staging: tuple[SqlFile[StagingHeader], ...]
    comparisons: tuple[SqlFile[ComparisonHeader], ...]
    rules: tuple[SqlFile[RuleHeader], ...]
    populations: Mapping[str, str]

    @property
    def all(self) -> tuple[SqlFile[Any], ...]:
        """Every file."""
        return (*self.staging, *self.comparisons, *self.rules)

    @property
    def in_force(self) -> tuple[SqlFile[Any], ...]:
        """Every file but drafts, which decide nothing."""
        return tuple(f for f in self.all if getattr(f.header, "state", "in_force") == "in_force")

    def needed_for(self, table: str) -> tuple[SqlFile[StagingHeader], ...]:
        """The staging files that lead to a staging table, itself included, in order."""
        by_id = {file.id: file for file in self.staging}
        wanted, waiting = set[str](), [table]
        while waiting:
            name = waiting.pop()
            if name in by_id and name not in wanted:
                wanted.add(name)
                waiting.extend(by_id[name].relations)
        return tuple(file for file in self.staging if file.id in wanted)


def load_definitions(root: Path = SQL) -> Definitions:
    """Read all SQL files.

    Raises:
        DefinitionError: any file is wrong; all mistakes are listed.
    """
    problems: list[str] = []
    definitions = Definitions(
        staging=_ordered(_read_folder(root / "staging", StagingHeader, problems), problems),
        comparisons=_read_folder(root / "comparisons", ComparisonHeader, problems),
        rules=_read_folder(root / "rules", RuleHeader, problems),
        populations=_populations(root / "populations.yaml", problems),
    )
    checks: tuple[SqlFile[Any], ...] = (*definitions.comparisons, *definitions.rules)
    problems += [
        f"{file.path.parent.name}/{file.path.name}：population：populations.yaml 里没有“{name}”"
        for file in checks
        if (name := file.header.population) is not None and name not in definitions.populations
    ]
    ids = [file.id for file in definitions.all]
    problems += [
        f"编号 {name} 有两个文件在用" for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    if problems:
        raise DefinitionError(
            "SQL 文件有误，请逐条改正：\n" + "\n".join(f"- {p}" for p in problems)
        )
    return definitions


def households_in(condition: str, columns: str = "household_id") -> str:
    """A query for the households with a living member that a condition of a population names."""
    return f"select {columns} from households where living_members > 0 and ({condition})"


def _populations(path: Path, problems: list[str]) -> dict[str, str]:
    try:
        found = TypeAdapter(dict[str, str]).validate_python(
            read_yaml(path.read_text(encoding="utf-8"))
        )
    except FileNotFoundError:
        problems.append(f"{path.name}：没有这个文件")
        return {}
    except yaml.YAMLError as error:
        problems.append(f"{path.name}：{yaml_mistake(error)}")
        return {}
    except ValidationError as error:
        told = mistakes_in(error)
        problems += [f"{path.name}：应当每行写“名称: 条件”：{mistake}" for mistake in told]
        return {}
    for name, condition in found.items():
        try:
            relations_of(households_in(condition))
        except ValueError as error:
            problems.append(f"{path.name}：{name}：条件写法有误（{error}）")
    return found


class _HeaderError(ValueError):
    """A file without a header; the message is Chinese."""


@lru_cache(maxsize=512)
def _text(path: Path, _modified: int) -> tuple[str, str]:
    return path.read_text(encoding="utf-8"), sha256_of(path)


def _read_folder(folder: Path, header: type[_H], problems: list[str]) -> tuple[SqlFile[_H], ...]:
    files: list[SqlFile[_H]] = []
    for path in sorted(folder.glob("*.sql")):
        where = f"{folder.name}/{path.name}"
        try:
            sql, sha256 = _text(path, path.stat().st_mtime_ns)
            found = header.model_validate(_header_of(sql))
            relations_of(sql)
            files.append(SqlFile(found, sql, path, sha256))
        except ValidationError as error:
            problems.extend(f"{where}：{mistake}" for mistake in mistakes_in(error, "文件头"))
        except yaml.YAMLError as error:
            problems.append(f"{where}：文件头{yaml_mistake(error)}")
        except _HeaderError as error:
            problems.append(f"{where}：{error}")
        except UnicodeDecodeError:
            problems.append(f"{where}：文字编码不是 UTF-8，请另存为 UTF-8")
        except ValueError as error:
            problems.append(f"{where}：SQL 写法有误（{error}）")
        else:
            if path.stem.split("_")[0] != files[-1].id and path.stem != files[-1].id:
                problems.append(f"{where}：文件名应以编号 {files[-1].id} 开头")
    return tuple(files)


@lru_cache(maxsize=512)
def _header_of(sql: str) -> Any:
    match = _HEADER.match(sql)
    if match is None:
        raise _HeaderError("文件应以 /* … */ 写的 YAML 文件头开始")
    return read_yaml(match[1])


def _ordered(
    files: tuple[SqlFile[StagingHeader], ...], problems: list[str]
) -> tuple[SqlFile[StagingHeader], ...]:
    """Each table after those that it reads."""
    ordered: list[SqlFile[StagingHeader]] = []
    waiting = list(files)
    while waiting:
        names = {file.id for file in waiting}
        ready = [file for file in waiting if not file.relations & (names - {file.id})]
        if not ready:
            problems.append(f"staging：{'、'.join(sorted(names))} 互相引用，排不出先后")
            return tuple(files)
        ordered += ready
        waiting = [file for file in waiting if file not in ready]
    return tuple(ordered)
