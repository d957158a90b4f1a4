"""What validating leaves in a submission's work folder for settling to take up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from poverty_watch.files import folder_written_whole
from poverty_watch.intake.checks import checks_text
from poverty_watch.lake.versions import (
    ACCEPTED,
    AMENDMENTS,
    CHECKS,
    CORRECTION,
    QUERIES,
    SET_ASIDE,
    write_rows,
)

if TYPE_CHECKING:
    from poverty_watch.intake.corrections.composition import FileEntry, Layer
    from poverty_watch.intake.judgement import Judgement

_OUTCOME = "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """A judged submission, as settling reads it.

    ``basis`` names by what it was judged; ``files`` what its rows refer to; ``explained`` the
    explanations that came with it (query, subject, hash of the values, text). ``base_id`` and
    ``fates`` are of a correction: the delivery that it is merged into, its rows by fate.
    """

    basis: str
    status: str
    rows: dict[str, int]
    faults: dict[str, int]
    open_queries: dict[str, int]
    messages: list[str]
    files: list[dict[str, Any]]
    explained: list[list[str]] = field(default_factory=list)
    base_id: int | None = None
    fates: dict[str, int] = field(default_factory=dict)


def leave(
    folder: Path,
    basis: str,
    judgement: Judgement,
    files: Sequence[FileEntry],
    layers: Sequence[Layer] = (),
    *,
    base_id: int | None = None,
    fates: dict[str, int] | None = None,
    fates_table: pa.Table | None = None,
) -> None:
    """Write a judged submission into its folder, whole or not at all."""
    outcome = Outcome(
        basis=basis,
        status=judgement.status,
        rows=judgement.rows,
        faults=judgement.faults,
        open_queries=judgement.open_queries,
        messages=judgement.messages,
        files=list(files),
        explained=[[*e.key, e.text] for e in judgement.explained],
        base_id=base_id,
        fates=fates or {},
    )
    with folder_written_whole(folder) as beside:
        write_rows(judgement.accepted, beside / ACCEPTED)
        write_rows(judgement.set_aside, beside / SET_ASIDE)
        if judgement.queries.num_rows:
            write_rows(judgement.queries, beside / QUERIES)
        (beside / CHECKS).write_text(checks_text(judgement.checks), encoding="utf-8")
        if layers:
            from poverty_watch.intake.corrections.composition import layers_table

            write_rows(layers_table(layers), beside / AMENDMENTS)
        if fates_table is not None:
            write_rows(fates_table, beside / CORRECTION)
        plain = json.dumps(outcome.__dict__, ensure_ascii=False)
        (beside / _OUTCOME).write_text(plain, encoding="utf-8")


def left_in(folder: Path) -> Outcome | None:
    """What was left there; None where nothing was."""
    path = folder / _OUTCOME
    if not path.exists():
        return None
    return Outcome(**json.loads(path.read_text(encoding="utf-8")))
