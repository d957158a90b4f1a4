"""Everything that an installation holds, by content: to tell whether two runs came to the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from openpyxl import load_workbook
from sqlalchemy import DateTime, LargeBinary, create_engine, select

from poverty_watch.ledger.models import Base

# Encrypted with a fresh nonce each time, and numbered in the order of writing.
_LEFT_OUT = (DateTime, LargeBinary)
_MOMENT = re.compile(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}\b")
_UNORDERED = {"journal", "delivery", "seen_file"}
# The chain runs over moments; and a run that was killed and repeated has read numbers twice.
_CHAIN = {"journal_head"}
_READING = "查看"


def snapshot(home: Path) -> dict[str, Any]:
    """Ledger rows, lake tables, workbook cells and text files of a home, by name."""
    found: dict[str, Any] = {}
    found |= {f"台账/{name}": rows for name, rows in _ledger(home / "ledger.sqlite").items()}
    for folder in ("lake", "outbox", "raw"):
        for path in sorted((home / folder).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(home))] = _content(path)
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of what is not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _ledger(path: Path) -> dict[str, list[str]]:
    engine = create_engine(f"sqlite:///{path}")
    found = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in _CHAIN:
                continue
            columns = [c for c in table.columns if not isinstance(c.type, _LEFT_OUT)]
            if table.name in _UNORDERED:
                columns = [c for c in columns if c.name not in ("id", "delivery_id", "hash")]
            else:
                columns = [c for c in columns if c.name != "delivery_id"]
            rows = connection.execute(select(*columns)).mappings()
            found[table.name] = sorted(
                json.dumps(dict(row), default=str, sort_keys=True)
                for row in rows
                if not str(row.get("action", "")).startswith(_READING)
            )
    engine.dispose()
    return found


def _content(path: Path) -> Any:
    if path.suffix == ".parquet":
        return sorted(map(repr, pq.read_table(path).to_pylist()))
    if path.suffix == ".xlsx" and "outbox" in path.parts:
        book = load_workbook(path)
        return {
            sheet.title: [
                [(_timeless(cell.value), cell.number_format) for cell in row]
                for row in sheet.iter_rows()
            ]
            for sheet in book
        }
    if path.parent.parent.name == "回执":
        return "names what a receipt was made from, the time of arrival too"
    return path.read_bytes()


def _timeless(value: Any) -> Any:
    """A receipt tells when a file was first seen: another minute in each installation."""
    return _MOMENT.sub("（时刻）", value) if isinstance(value, str) else value
