"""What computed months say of a household's property: blanked when it is over, row by row.

The rows themselves stay, so that every count of the month remains what it was.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.files import written_whole

ASSET = "ASSET"
ERASED = {"erased": True, "sentence": "资产内容已按保存期限清除。"}
_KEY = ("comparison_id", "subject", "subject_id", "dataset")
Key = tuple[str, str, str, str]


def findings_to_blank(months_computations: Path, spared: Collection[Key]) -> tuple[Path, ...]:
    """The tables of findings of a month that say more of property than is spared."""
    found = sorted(months_computations.glob("[!.]*/[!.]*/findings.parquet"))
    return tuple(path for path in found if _changed(pq.read_table(path), spared) is not None)


def blank_findings(path: Path, spared: Collection[Key]) -> None:
    """Rewrite one table of findings, whole."""
    table = pq.read_table(path)
    changed = _changed(table, spared)
    if changed is not None:
        with written_whole(path) as beside:
            pq.write_table(changed, beside, compression="zstd")


def _changed(table: pa.Table, spared: Collection[Key]) -> pa.Table | None:
    """The table with other evidence; None where it would be the same."""
    keys = zip(*(table.column(name).to_pylist() for name in _KEY), strict=True)
    before = table.column("evidence").to_pylist()
    after = [
        text if tuple(part or "" for part in key) in spared else _blank(text)
        for key, text in zip(keys, before, strict=True)
    ]
    if after == before:
        return None
    place = table.schema.get_field_index("evidence")
    return table.set_column(place, table.schema.field(place), pa.array(after, pa.string()))


def _blank(evidence: str) -> str:
    """The evidence of a finding about property without what was found; any other as it is."""
    told = json.loads(evidence)
    if told["outcome"] != ASSET or "erased" in told:
        return evidence
    empty = {"rows_total": 0, "rows": [], "parameters": []}
    return json.dumps(told | empty | ERASED, ensure_ascii=False)
