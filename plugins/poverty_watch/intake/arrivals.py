"""Which of the files that lie there have arrived, and which of them once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from poverty_watch.intake.inbox import InboxFile
from poverty_watch.intake.sources.interface import WAY_TITLES

# No department is called by a number alone, so nobody's folder can look like this.
_AGAIN = re.compile(rf"^((?:{'|'.join(WAY_TITLES)})/)?\d+/")


def arrived_now(
    hashed: Sequence[tuple[InboxFile, str | None]], seen: Sequence[tuple[str, str]], arrival: int
) -> list[tuple[InboxFile, str]]:
    """Files that are new, and those that have become again what they were before they last changed.

    The latest arrival counts, so a file that was replaced and put back arrives once more, under a
    path with the number of the arrival before it.

    Args:
        hashed: what lies in inbox and spool, with its SHA-256; None for a link.
        seen: paths and SHA-256 of the files seen so far, in the order of arrival.
        arrival: the number of this arrival.
    """
    known = set(seen)
    latest = {_AGAIN.sub(r"\1", path): sha256 for path, sha256 in seen}
    found = []
    for file, named in hashed:
        sha256 = named or ""
        if (file.path, sha256) not in known:
            found.append((file, sha256))
        elif latest[file.path] != sha256:
            found.append((replace(file, path=_numbered(file.path, arrival)), sha256))
    return found


def _numbered(path: str, arrival: int) -> str:
    way, _, rest = path.partition("/")
    return f"{way}/{arrival}/{rest}" if way in WAY_TITLES else f"{arrival}/{path}"
