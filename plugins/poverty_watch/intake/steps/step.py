"""What a step says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What a step did, as one Chinese line for the log and the grid."""

    summary: str
