"""What a month's computation consists of, and the fingerprint that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from poverty_watch.contracts import load_catalogue
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger import deliveries
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.definitions import Definitions, load_definitions
from poverty_watch.screening.fitting import check_together
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.parameters import InForce, in_force, load_parameters
from poverty_watch.settings import Settings

STOCK = "register_stock"
STOCK_BEFORE = "register_stock_previous"
# Raised when the program gives other rows for the same SQL and deliveries.
_SHAPE = 3


@dataclass(frozen=True)
class Plan:
    """Everything that decides the result of a month's computation."""

    month: Month
    inputs: MonthInputs
    definitions: Definitions
    parameters: dict[str, InForce]

    @cached_property
    def inputs_used(self) -> list[dict[str, Any]]:
        """The delivery versions that any SQL file reads, by dataset and month."""
        used = {
            delivery
            for file in self.definitions.in_force
            for relation in file.relations
            for delivery in self.inputs.used_by(relation)
        }
        before = self.inputs.before()
        used |= {
            delivery
            for file in self.definitions.needed_for(STOCK)
            for relation in file.relations
            for delivery in before.used_by(relation)
        }
        ordered = sorted(used, key=lambda delivery: (delivery.dataset, delivery.month))
        return [
            {
                "dataset": delivery.dataset,
                "month": str(delivery.month),
                "version": delivery.version,
                "status": delivery.status,
                "content_sha256": delivery.content_sha256,
            }
            for delivery in ordered
        ]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over deliveries, SQL files, parameters in force and reference tables."""
        content = {
            "shape": _SHAPE,
            "month": str(self.month),
            "inputs": self.inputs_used,
            "sql": {file.path.name: file.sha256 for file in self.definitions.in_force},
            "populations": dict(self.definitions.populations),
            "parameters": {name: found.described for name, found in self.parameters.items()},
            "reference": self.inputs.reference_hashes(),
        }
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def serving(self) -> dict[str, str]:
        """The month of the snapshot that serves for each register."""
        return {name: str(found.month) for name, found in self.inputs.serving.items()}


def plan_month(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    known: Sequence[deliveries.InForce] | None = None,
) -> Plan:
    """Read the ledger and the files in ``sql/``.

    ``known``: the deliveries to be read; those in force today if not given.

    Raises:
        ScreeningError: no register snapshot may serve.
        DefinitionError: a file in ``sql/`` is wrong, or names what no other file knows.
    """
    with ledger.transaction() as session:
        found = tuple(deliveries.in_force(session, month))
    catalogue, definitions, parameters = load_catalogue(), load_definitions(), load_parameters()
    check_together(definitions, parameters, catalogue)
    inputs = MonthInputs(month, found, catalogue, Lake(settings.lake), load_registers())
    inputs.check_ground()
    return Plan(month, inputs, definitions, in_force(parameters, month))
