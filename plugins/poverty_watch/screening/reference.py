"""Small tables that SQL may read besides deliveries: labels of risks, faults, datasets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from poverty_watch.contracts import Catalogue
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.settings import REFERENCE

RISK_LABELS_FILE = REFERENCE / "risk_labels.yaml"
FAULTS_FILE = REFERENCE / "faults.yaml"


def load_risk_labels(path: Path = RISK_LABELS_FILE) -> dict[str, str]:
    """Every spelling of a risk and the risk that it means."""
    content: dict[str, list[str]] = _read(path)
    labels = {risk: risk for risk in content}
    for risk, spellings in content.items():
        for spelling in spellings:
            if labels.setdefault(spelling, risk) != risk:
                raise ScreeningError(f"{path.name}：“{spelling}”写在了两种风险下。")
    return labels


def reference_table(name: str, catalogue: Catalogue) -> pa.Table:
    """One of `REFERENCE_TABLES`; KeyError for another name."""
    return REFERENCE_TABLES[name](catalogue)


def reference_hash(name: str, catalogue: Catalogue) -> str:
    """SHA-256 over the rows of a reference table."""
    rows = reference_table(name, catalogue).to_pylist()
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def _risk_labels(_: Catalogue) -> pa.Table:
    labels = load_risk_labels()
    return _text_table(label=list(labels), risk=list(labels.values()))


def _faults(_: Catalogue) -> pa.Table:
    faults: dict[str, dict[str, str]] = _read(FAULTS_FILE)
    return _text_table(fault=list(faults), title=[fault["title"] for fault in faults.values()])


def _datasets(catalogue: Catalogue) -> pa.Table:
    contracts = catalogue.contracts
    return _text_table(
        dataset=list(contracts),
        title=[contract.title for contract in contracts.values()],
        scope=[contract.scope for contract in contracts.values()],
    )


# ``risk_labels``: label, risk · ``faults``: fault, title · ``datasets``: dataset, title, scope.
REFERENCE_TABLES: dict[str, Callable[[Catalogue], pa.Table]] = {
    "risk_labels": _risk_labels,
    "faults": _faults,
    "datasets": _datasets,
}


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _text_table(**columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
