"""The counties that are measured, made once per size, seed, month and generator."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from scripts.bench.measure import PROJECT, Say, Size


def _source_hash() -> str:
    digest = hashlib.sha256()
    sample = PROJECT / "plugins" / "poverty_watch" / "sample"
    for path in (*sorted(sample.glob("*.py")), *sorted(Path(__file__).parent.glob("*county*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def place(size: Size, kind: str) -> Path:
    """Where a county of that kind lies."""
    name = f"{kind}-{size.households}-{size.seed}-{size.month}-{_source_hash()}"
    return size.folder / name


def inbox_county(
    size: Size, datasets: Collection[str] | None, say: Say, file_format: Literal["xlsx", "csv"]
) -> Path:
    """A folder with ``inbox/``: the month's files of these datasets, or all, without faults."""
    from poverty_watch.months import Month
    from poverty_watch.sample import generate

    folder = place(size, f"inbox-{file_format}")
    if not (folder / "inbox").is_dir():
        when = Month.parse(size.month)
        generate(
            folder / "inbox",
            when,
            when,
            size.households,
            size.seed,
            tidy=True,
            progress=say,
            file_format=file_format,
            datasets=datasets,
        )
    return folder
