"""Intake's policy files: when a whole delivery is returned, and what each fault means."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from poverty_watch.contracts import Department
from poverty_watch.files import sha256_of
from poverty_watch.intake.sheets import Limits
from poverty_watch.settings import EXPECTATIONS, REFERENCE


class DeliveryPolicy(BaseModel):
    """``expectations/delivery_policy.yaml``; shares as fractions, sizes in MB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    volume_change: float
    faulty_share: float
    faulty_minimum: int
    largest_file_mb: int
    largest_unpacked_mb: int
    largest_sheet_cells: int

    @property
    def limits(self) -> Limits:
        """The size limits."""
        return Limits(
            self.largest_file_mb * 2**20, self.largest_unpacked_mb * 2**20, self.largest_sheet_cells
        )


class Fault(BaseModel):
    """Why a row is sent back: its name and how to mend it, in Chinese. ``rank``: lower comes first.

    ``needless``: there is nothing to mend, the same row has been taken already.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    remedy: str
    rank: int
    needless: bool = False


class Query(BaseModel):
    """What the sender is asked about a row that is taken: its name and what to do, in Chinese."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    remedy: str


@lru_cache(maxsize=1)
def delivery_policy(path: Path = EXPECTATIONS / "delivery_policy.yaml") -> DeliveryPolicy:
    """The policy in force."""
    return DeliveryPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def policy_sha256(department: Department, dataset: str) -> str:
    """Names everything by which a delivery of a dataset is judged."""
    files = (
        department.folder / f"{dataset}.contract.yaml",
        department.suite_path(dataset),
        EXPECTATIONS / "delivery_policy.yaml",
        REFERENCE / "faults.yaml",
        REFERENCE / "queries.yaml",
        REFERENCE / "duty.yaml",
    )
    return hashlib.sha256("".join(sha256_of(path) for path in files).encode()).hexdigest()


@lru_cache(maxsize=1)
def faults(path: Path = REFERENCE / "faults.yaml") -> dict[str, Fault]:
    """All faults by code, in the order in which a row's first reason is told."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {code: Fault(rank=rank, **entry) for rank, (code, entry) in enumerate(content.items())}


@lru_cache(maxsize=1)
def queries(path: Path = REFERENCE / "queries.yaml") -> dict[str, Query]:
    """All queries by code, in the order in which they are told."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {code: Query.model_validate(entry) for code, entry in content.items()}
