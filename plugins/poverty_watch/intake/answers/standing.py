"""Files that are written once: a list beside them names what they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from poverty_watch.files import written_whole

Save = Callable[[Path], None]


def stand(record: Path, fingerprint: str) -> list[Path] | None:
    """The files that were written for this fingerprint, if all of them still are there."""
    content = _read(record)
    if content.get("fingerprint") != fingerprint:
        return None
    paths = [record.parent / name for name in content["files"]]
    return paths if all(path.exists() for path in paths) else None


def write(record: Path, fingerprint: str, files: Mapping[str, Save]) -> list[Path]:
    """Write files (mode 0600), then the record; files of an earlier record that are not among them go.

    The record comes last: a process killed before it leaves everything to be written again.
    """
    folder = record.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, save in files.items():
        with written_whole(folder / name, mode=0o600) as beside:
            # openpyxl and zipfile look at no ending, and nobody else may read it meanwhile.
            beside.touch(mode=0o600)
            save(beside)
    for name in set(_read(record).get("files", [])) - set(files):
        (folder / name).unlink(missing_ok=True)
    text = json.dumps({"fingerprint": fingerprint, "files": list(files)}, ensure_ascii=False)
    with written_whole(record, mode=0o600) as beside:
        beside.write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def files_of(record: Path) -> list[str]:
    """Names of the files that a record names."""
    names: list[str] = _read(record).get("files", [])
    return names


def _read(record: Path) -> dict[str, Any]:
    content: dict[str, Any] = (
        json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    )
    return content
