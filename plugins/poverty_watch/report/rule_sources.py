"""Which data a rule asks for, by the headers of ``sql/rules``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from poverty_watch.files import read_yaml
from poverty_watch.settings import SQL

_REGISTER = "monitoring_register"


@lru_cache(maxsize=1)
def rule_sources(folder: Path = SQL / "rules") -> dict[str, tuple[str, ...]]:
    """Datasets by rule; a rule that asks for nothing else asks the monitoring register."""
    found = {}
    for path in sorted(folder.glob("*.sql")):
        head = path.read_text(encoding="utf-8").split("*/", 1)[0].removeprefix("/*")
        header = read_yaml(head)
        sources = tuple(str(name).removesuffix("_previous") for name in header.get("sources") or ())
        if header.get("one_by_one"):
            # Each cause has its own data, and the cause's own hit stands beside it.
            sources = ()
        found[str(header["id"])] = tuple(dict.fromkeys(sources)) or (_REGISTER,)
    return found


def as_relation() -> pa.Table:
    """The same as rows: rule_id, dataset."""
    pairs = [(rule, dataset) for rule, datasets in rule_sources().items() for dataset in datasets]
    return pa.table(
        {
            "rule_id": pa.array([rule for rule, _ in pairs], pa.string()),
            "dataset": pa.array([dataset for _, dataset in pairs], pa.string()),
        }
    )
