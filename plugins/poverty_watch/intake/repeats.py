"""Rows that stand twice: within a delivery, or already accepted in an earlier month."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def duplicates(columns: dict[str, pa.Array], key: str) -> np.ndarray:
    """True where a row equals an earlier row of the same delivery in all columns.

    ``key`` is the column that tells most rows apart: only rows that share it are compared further.
    """
    import pandas as pd

    keys = np.asarray(columns[key].dictionary_encode(null_encoding="encode").indices)
    shared = np.bincount(keys)[keys] > 1
    candidates = np.flatnonzero(shared)
    repeats = np.zeros(len(shared), dtype=bool)
    if len(candidates):
        codes = {
            name: np.asarray(
                values.take(pa.array(candidates)).dictionary_encode(null_encoding="encode").indices
            )
            for name, values in columns.items()
        }
        repeats[candidates] = pd.DataFrame(codes).duplicated().to_numpy()
    return repeats


def repeated(columns: dict[str, pa.Array], key: str, earlier: Iterable[Path]) -> np.ndarray:
    """True where a row with a key equals, in all columns, an accepted row of an earlier month."""
    count = len(next(iter(columns.values())))
    names = list(columns)
    seen: set[tuple[object, ...]] = set()
    for path in earlier:
        table = pq.read_table(path, columns=names)
        seen.update(zip(*(table[name].to_pylist() for name in names), strict=True))
    if not seen:
        return np.zeros(count, dtype=bool)
    has_key = columns[key].is_valid().to_pylist()
    rows = zip(*(columns[name].to_pylist() for name in names), strict=True)
    return np.fromiter(
        (k and row in seen for k, row in zip(has_key, rows, strict=True)), bool, count
    )
