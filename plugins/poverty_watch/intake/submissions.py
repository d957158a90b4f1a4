"""Files into submissions: what one sending of a dataset consists of, and which one is later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from poverty_watch.intake.inbox import is_correction, is_nil_return, township_in
from poverty_watch.ledger.models import SeenFile

_Order = tuple[int, bool, float, str]


@dataclass(frozen=True)
class Submission:
    """One sending of a dataset: a single file, or the townships' part files together."""

    dataset: str
    files: tuple[SeenFile, ...]

    @property
    def content_sha256(self) -> str:
        """Names the content: the same files sent again are the same submission."""
        parts = sorted(f"{f.sha256}{':nil' if is_nil_return(f.path) else ''}" for f in self.files)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def is_nil_return(self) -> bool:
        """Whether the sender says that there was nothing to report."""
        return all(is_nil_return(_name(file)) for file in self.files)

    @property
    def names(self) -> list[str]:
        """The files' names as the sender knows them."""
        return [_name(file) for file in self.files]


def _name(file: SeenFile) -> str:
    return file.path.rsplit("/", 1)[-1]


def _order(file: SeenFile) -> _Order:
    """Catalogue §2: arrival; seen together a correction is later, then file time, then name."""
    return (file.arrival, is_correction(_name(file)), file.modified_at.timestamp(), _name(file))


def submissions(dataset: str, files: Iterable[SeenFile]) -> list[Submission]:
    """All submissions of a dataset for a month, the latest last.

    A file without a township's name is a submission of its own. Files with township names are parts
    of one; parts that arrive later replace their township's earlier part and keep the others.
    """
    whole: list[tuple[_Order, Submission]] = []
    batches: dict[int, list[SeenFile]] = {}
    for file in sorted(files, key=_order):
        if township_in(_name(file)) is None:
            whole.append((_order(file), Submission(dataset, (file,))))
        else:
            batches.setdefault(file.arrival, []).append(file)
    parts: dict[str, SeenFile] = {}
    for batch in batches.values():
        parts |= {township_in(_name(file)) or "": file for file in batch}
        whole.append(
            (_order(batch[-1]), Submission(dataset, tuple(parts[t] for t in sorted(parts))))
        )
    whole.sort(key=lambda pair: pair[0])
    return [submission for _, submission in whole]
