"""Papers that go with a step: kept below their SHA-256, ``<home>/papers/<2>/<sha256><suffix>``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from poverty_watch.files import written_whole
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.procedure import Policy

Paper = dict[str, Any]
"""What a step remembers of a paper: kind, sha256, suffix, name, bytes."""

_MEGABYTE = 1024 * 1024
_LONGEST_NAME = 120


def keep_papers(
    settings: Settings, policy: Policy, files: Mapping[str, Iterable[Path]]
) -> list[Paper]:
    """Keep files by content (mode 0600); the same file twice is kept once.

    Args:
        settings: whose home they go to.
        policy: which kinds of papers and files are taken.
        files: per kind of paper, by its key or Chinese title.

    Raises:
        CaseError: a kind is unknown, or a file cannot be taken; nothing is kept.
    """
    by_title = {title: kind for kind, title in policy.papers.items()}
    problems: list[str] = []
    read: list[tuple[str, Path, bytes]] = []
    for name, paths in files.items():
        kind = by_title.get(name, name)
        if kind not in policy.papers:
            problems.append(f"没有“{name}”这种材料，可以交的有：{'、'.join(by_title)}。")
            continue
        for path in paths:
            problem, content = _read(policy, path)
            problems += [problem] if problem else []
            read.append((kind, path, content))
    if problems:
        raise CaseError(problems)
    return [_keep(settings, kind, path, content) for kind, path, content in read]


def paper_path(settings: Settings, paper: Mapping[str, Any]) -> Path:
    """Where a kept paper lies."""
    sha256 = str(paper["sha256"])
    return settings.home / "papers" / sha256[:2] / f"{sha256}{paper['suffix']}"


def _read(policy: Policy, path: Path) -> tuple[str, bytes]:
    rules = policy.paper_rules
    if path.suffix.lower() not in rules.suffixes:
        return f"{path.name}：材料只收 {'、'.join(rules.suffixes)}。", b""
    if not path.is_file():
        return f"{path.name}：没有这个文件，或不是文件。", b""
    try:
        with path.open("rb") as stream:
            content = stream.read(rules.at_most_megabytes * _MEGABYTE + 1)
    except OSError as error:
        return f"{path.name}：读不出来（{error.strerror}）。", b""
    if not content:
        return f"{path.name}：是空文件。", b""
    if len(content) > rules.at_most_megabytes * _MEGABYTE:
        return f"{path.name}：超过{rules.at_most_megabytes}兆，请压缩后再交。", b""
    return "", content


def _keep(settings: Settings, kind: str, path: Path, content: bytes) -> Paper:
    # The name is shown, never used as a path.
    name = "".join(c for c in path.name if c.isprintable())[-_LONGEST_NAME:]
    paper: Paper = {
        "kind": kind,
        "sha256": hashlib.sha256(content).hexdigest(),
        "suffix": path.suffix.lower(),
        "name": name,
        "bytes": len(content),
    }
    kept = paper_path(settings, paper)
    if not kept.exists():
        with written_whole(kept, mode=0o600) as target:
            target.write_bytes(content)
    return paper
