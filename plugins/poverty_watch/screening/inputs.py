"""What a month's SQL may read: accepted rows in force, as named relations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict

from poverty_watch.contracts import Catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.engine import ParquetPart, Relation, Rows
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import InForce
from poverty_watch.months import Month
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.reference import REFERENCE_TABLES, reference_hash, reference_table
from poverty_watch.settings import SQL

REGISTERS_FILE = SQL / "staging" / "registers.yaml"
DELIVERED = "delivered_rows"
DELIVERED_BESIDE_REGISTERS = "delivered_beside_registers"
SET_ASIDE = "set_aside_rows"
# Relations over the month's own deliveries of many datasets, whichever datasets there are.
OF_ALL_DATASETS = frozenset({DELIVERED, DELIVERED_BESIDE_REGISTERS, SET_ASIDE})
_PREVIOUS = "_previous"
_HISTORY = "_history"
_SOURCE = (
    ("source_file", pa.string()),
    ("source_sheet", pa.string()),
    ("source_row", pa.int32()),
)
_DELIVERED_SCHEMA = pa.schema([("person_id", pa.int64()), ("name", pa.string()), *_SOURCE])
_SET_ASIDE_SCHEMA = pa.schema([("fault", pa.string()), ("value", pa.string()), *_SOURCE])


class Registers(BaseModel):
    """``sql/staging/registers.yaml``: which datasets are the ground, and how long one may serve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    registers: tuple[str, ...]
    serves_at_most_months: int


def load_registers(path: Path = REGISTERS_FILE) -> Registers:
    """The policy on registers."""
    return Registers.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class MonthInputs:
    """The deliveries in force that a month's SQL sees.

    Relations by name: ``<dataset>`` is the month's own accepted rows, of a register the snapshot
    that serves; ``<dataset>_previous`` the delivery of the month before; ``<dataset>_history`` all
    months up to this one, with a text column ``month``. What was not delivered is a typed empty
    relation.

    ``delivered_rows`` has person_id, name, source_file, source_sheet, source_row and dataset of
    every accepted row of the month, ``delivered_beside_registers`` the same without the registers,
    ``set_aside_rows`` has fault, value (masked), source and dataset of every row sent back. A
    register that serves from an earlier month is in none of them.
    """

    month: Month
    deliveries: tuple[InForce, ...]
    catalogue: Catalogue
    lake: Lake
    registers: Registers

    @cached_property
    def _by_dataset(self) -> dict[str, dict[Month, InForce]]:
        found: dict[str, dict[Month, InForce]] = {}
        for delivery in self.deliveries:
            if delivery.month <= self.month:
                found.setdefault(delivery.dataset, {})[delivery.month] = delivery
        return found

    def of(self, dataset: str, month: Month | None = None) -> InForce | None:
        """A dataset's delivery in force of a month (this one if not given)."""
        return self._by_dataset.get(dataset, {}).get(month or self.month)

    def sources_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Sources in a header; a relation over many datasets stands for all of these."""
        found = [d for name in names for d in (self._members(name) or (name,))]
        return tuple(dict.fromkeys(found))

    def _members(self, relation: str) -> tuple[str, ...]:
        """The datasets that a relation over many is made of, in the catalogue's order."""
        if relation not in OF_ALL_DATASETS:
            return ()
        without = self.registers.registers if relation == DELIVERED_BESIDE_REGISTERS else ()
        return tuple(name for name in self.catalogue.contracts if name not in without)

    def dataset_of(self, source: str) -> str:
        """The dataset that a source in a header is a delivery of."""
        return source.removesuffix(_PREVIOUS)

    def is_delivered(self, source: str) -> bool:
        """Whether a source in a header has its delivery: of this month, or of the month before."""
        dataset = self.dataset_of(source)
        month = self.month if dataset == source else self.month - 1
        return self.of(dataset, month) is not None

    @cached_property
    def _datasets(self) -> frozenset[str]:
        return frozenset(self.catalogue.contracts)

    @cached_property
    def serving(self) -> dict[str, InForce]:
        """Which delivery of each register serves; a register without one is left out."""
        found: dict[str, InForce] = {}
        for register in self.registers.registers:
            for back in range(self.registers.serves_at_most_months + 1):
                delivery = self.of(register, self.month - back)
                if delivery is not None:
                    found[register] = delivery
                    break
        return found

    def check_ground(self) -> None:
        """Stop where the month has no ground.

        Raises:
            ScreeningError: a register has no snapshot that may serve.
        """
        lost = [name for name in self.registers.registers if name not in self.serving]
        if not lost:
            return
        titles = "、".join(
            f"{self.catalogue.department_of(name).title}“{self.catalogue.contract(name).title}”"
            for name in lost
        )
        raise ScreeningError(
            f"{self.month.chinese}不能比对：{titles}本月及此前{self.registers.serves_at_most_months}"
            "个月都没有采用的数据。请催报或改正后重报，再重新运行本月。"
        )

    def before(self) -> MonthInputs:
        """What the month before saw, by today's knowledge of its deliveries."""
        return MonthInputs(
            self.month - 1, self.deliveries, self.catalogue, self.lake, self.registers
        )

    def used_by(self, relation: str) -> tuple[InForce, ...]:
        """The deliveries behind a relation."""
        if relation in OF_ALL_DATASETS:
            own = (self.of(dataset) for dataset in self._members(relation))
            return tuple(delivery for delivery in own if delivery is not None)
        dataset, kind = self._split(relation)
        if dataset is None:
            return ()
        if kind == _HISTORY:
            return tuple(self._by_dataset.get(dataset, {}).values())
        if kind == _PREVIOUS:
            found = self.of(dataset, self.month - 1)
        elif dataset in self.registers.registers:
            found = self.serving.get(dataset)
        else:
            found = self.of(dataset)
        return () if found is None else (found,)

    def relation(self, name: str) -> Relation:
        """A relation by its name.

        Raises:
            KeyError: neither a dataset nor a reference table is called so.
        """
        if name in REFERENCE_TABLES:
            return reference_table(name, self.catalogue)
        if name in OF_ALL_DATASETS:
            return self._of_all_datasets(name)
        dataset, kind = self._split(name)
        if dataset is None:
            raise KeyError(name)
        has_month = kind == _HISTORY
        parts = tuple(
            ParquetPart(self.path(delivery), str(delivery.month) if has_month else None)
            for delivery in self.used_by(name)
        )
        return Rows(accepted_schema(self.catalogue.contract(dataset)), parts, has_month)

    def _of_all_datasets(self, name: str) -> Rows:
        is_set_aside = name == SET_ASIDE
        path = self.lake.set_aside if is_set_aside else self.lake.accepted
        parts = tuple(
            ParquetPart(path(d.dataset, d.month, d.version), dataset=d.dataset)
            for d in self.used_by(name)
        )
        schema = _SET_ASIDE_SCHEMA if is_set_aside else _DELIVERED_SCHEMA
        return Rows(schema, parts, has_dataset=True)

    def path(self, delivery: InForce) -> Path:
        """The accepted rows of a delivery."""
        return self.lake.accepted(delivery.dataset, delivery.month, delivery.version)

    def parameters(self, names: Iterable[str]) -> dict[str, Any]:
        """Values for all parameters that every month has, and for ``has_<source>``."""
        bound: dict[str, Any] = {
            "month": str(self.month),
            "month_start": self.month.first_day,
            "month_end": self.month.last_day,
            "year_start": self.month.first_day.replace(month=1),
        }
        for name in names:
            if name.startswith("has_"):
                bound[name] = self.is_delivered(name.removeprefix("has_"))
        return bound

    def reference_hashes(self) -> dict[str, str]:
        """What else but deliveries is read, by content."""
        tables = {name: reference_hash(name, self.catalogue) for name in REFERENCE_TABLES}
        registers = hashlib.sha256(REGISTERS_FILE.read_bytes()).hexdigest()
        return tables | {REGISTERS_FILE.name: registers}

    def _split(self, relation: str) -> tuple[str | None, str]:
        for kind in ("", _PREVIOUS, _HISTORY):
            dataset = relation.removesuffix(kind) if kind else relation
            if (not kind or relation.endswith(kind)) and dataset in self._datasets:
                return dataset, kind
        return None, ""
