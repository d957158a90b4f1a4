"""All departments and datasets: whatever folders and files ``expectations/`` holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from poverty_watch.contracts.models import (
    Contract,
    DatabaseArrival,
    DepartmentCard,
    HttpArrival,
)
from poverty_watch.contracts.suite_shape import suite_problems
from poverty_watch.files import read_yaml
from poverty_watch.mistakes import mistakes_in, yaml_mistake
from poverty_watch.settings import EXPECTATIONS

_Model = TypeVar("_Model", bound=BaseModel)
_CONTRACT = ".contract.yaml"
_QUERY = ".query.sql"
_ID = re.compile(r"[a-z][a-z0-9_]*")


class ContractError(ValueError):
    """The folder has mistakes; the message lists all of them, in Chinese, file by file."""


@dataclass(frozen=True)
class Department:
    """A department's folder: its id, its card, its datasets in catalogue order."""

    id: str
    card: DepartmentCard
    contracts: dict[str, Contract]
    folder: Path

    @property
    def title(self) -> str:
        """The Chinese name."""
        return self.card.title

    def suite_path(self, dataset: str) -> Path:
        """The Great Expectations suite of a dataset."""
        return self.folder / f"{dataset}.suite.json"

    def query_path(self, dataset: str) -> Path:
        """The query that takes a dataset out of the department's database, where it has one."""
        return self.folder / f"{dataset}{_QUERY}"


@dataclass(frozen=True)
class Catalogue:
    """All departments, in the order that the grid and 表二 show them."""

    departments: dict[str, Department]

    def department_of(self, dataset: str) -> Department:
        """The department that owes a dataset; KeyError if nobody does."""
        for department in self.departments.values():
            if dataset in department.contracts:
                return department
        raise KeyError(dataset)

    def contract(self, dataset: str) -> Contract:
        """A dataset's contract; KeyError if there is none."""
        return self.department_of(dataset).contracts[dataset]

    @property
    def contracts(self) -> dict[str, Contract]:
        """All contracts by dataset id, in catalogue order."""
        found = {d: c for dep in self.departments.values() for d, c in dep.contracts.items()}
        return dict(sorted(found.items(), key=lambda item: item[1].order))


def _read(path: Path, model: type[_Model], problems: list[str], root: Path) -> _Model | None:
    where = path.relative_to(root)
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
        return model.model_validate(content)
    except FileNotFoundError:
        problems.append(f"{where}：没有这个文件")
    except UnicodeDecodeError:
        problems.append(f"{where}：文字编码不是 UTF-8，请另存为 UTF-8")
    except yaml.YAMLError as error:
        problems.append(f"{where}：{yaml_mistake(error)}")
    except ValidationError as error:
        problems.extend(f"{where}：{mistake}" for mistake in mistakes_in(error))
    return None


def load_catalogue(root: Path = EXPECTATIONS) -> Catalogue:
    """Read every department folder.

    Raises:
        ContractError: any file is wrong or missing; all mistakes are listed.
    """
    return _load(root.resolve())


def _arrival_problems(card: DepartmentCard, folder: Path, datasets: set[str]) -> list[str]:
    """Datasets of which nobody said where they are taken from, and places of none."""
    where = f"{folder.name}/department.yaml：arrives"
    queries = {path.name.removesuffix(_QUERY) for path in folder.glob(f"*{_QUERY}")}
    problems = []
    if isinstance(card.arrives, HttpArrival):
        told = set(card.arrives.datasets)
        problems += [f"{where} → datasets：没有写 {d} 的接口" for d in sorted(datasets - told)]
        problems += [f"{where} → datasets：没有数据集 {d}" for d in sorted(told - datasets)]
    if isinstance(card.arrives, DatabaseArrival):
        problems += [f"{folder.name}/{d}{_QUERY}：没有这个文件" for d in sorted(datasets - queries)]
        queries -= datasets
    problems += [
        f"{folder.name}/{d}{_QUERY}：没有对应的数据集，或 arrives 没有写 way: database"
        for d in sorted(queries)
    ]
    return problems


def _twice(values: Iterable[Any]) -> list[Any]:
    return sorted(value for value, count in Counter(values).items() if count > 1)


@lru_cache(maxsize=4)
def _load(root: Path) -> Catalogue:
    problems: list[str] = []
    departments: list[Department] = []
    owners: dict[str, str] = {}
    for folder in sorted(
        p for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))
    ):
        if not _ID.fullmatch(folder.name):
            problems.append(f"{folder.name}：文件夹名只能用小写字母、数字和下划线，以字母开头")
        card = _read(folder / "department.yaml", DepartmentCard, problems, root)
        contracts: dict[str, Contract] = {}
        for path in sorted(folder.glob(f"*{_CONTRACT}")):
            dataset = path.name.removesuffix(_CONTRACT)
            if dataset in owners:
                problems.append(f"{path.relative_to(root)}：{owners[dataset]} 已经有同名数据集")
            owners[dataset] = folder.name
            contract = _read(path, Contract, problems, root)
            if contract is not None:
                contracts[dataset] = contract
            if not _ID.fullmatch(dataset):
                problems.append(f"{path.relative_to(root)}：文件名只能用小写字母、数字和下划线")
            suite = folder / f"{dataset}.suite.json"
            problems += [f"{suite.relative_to(root)}：{p}" for p in suite_problems(suite, contract)]
        if card is not None:
            datasets = {p.name.removesuffix(_CONTRACT) for p in folder.glob(f"*{_CONTRACT}")}
            problems += _arrival_problems(card, folder, datasets)
            ordered = dict(sorted(contracts.items(), key=lambda item: item[1].order))
            departments.append(Department(folder.name, card, ordered, folder))
    contracts_found = [c for d in departments for c in d.contracts.values()]
    problems += [
        *(f"名称“{t}”有两个数据集在用" for t in _twice(c.title for c in contracts_found)),
        *(f"order：{n} 有两个数据集在用" for n in _twice(c.order for c in contracts_found)),
        *(f"名称“{t}”有两个部门在用" for t in _twice(d.title for d in departments)),
        *(f"order：{n} 有两个部门在用" for n in _twice(d.card.order for d in departments)),
    ]
    if problems:
        raise ContractError("部门目录有误，请逐条改正：\n" + "\n".join(f"- {p}" for p in problems))
    departments.sort(key=lambda department: department.card.order)
    return Catalogue({department.id: department for department in departments})
