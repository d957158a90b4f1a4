"""Files into submissions: what one sending of a dataset consists of, and which one is later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from poverty_watch.intake.names import is_correction, is_nil_return, name_of, township_in
from poverty_watch.ledger.models import SeenFile

_Order = tuple[int, int, float, str]


@dataclass(frozen=True)
class Submission:
    """One sending of a dataset: a single file, or the townships' part files together.

    ``is_repeat``: it says nothing new, and leaves what stands as it is. That is so of a delivery
    that is the latest one over again, whatever corrections of it have come in between, and of a
    correction sheet that has come before.
    """

    dataset: str
    files: tuple[SeenFile, ...]
    is_repeat: bool = False

    @property
    def is_correction(self) -> bool:
        """Whether it consists of mended rows alone."""
        return self.files[0].kind == "correction"

    @property
    def content_sha256(self) -> str:
        """Names the content: the same files sent again are the same submission."""
        parts = sorted(f"{f.sha256}{':nil' if is_nil_return(f.path) else ''}" for f in self.files)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def is_nil_return(self) -> bool:
        """Whether the sender says that there was nothing to report."""
        return not self.is_correction and all(is_nil_return(name_of(f.path)) for f in self.files)

    @property
    def names(self) -> list[str]:
        """The files' names as the sender knows them, each township's told apart."""
        return [name_of(file.path) for file in self.files]


def _order(file: SeenFile) -> _Order:
    """Catalogue §2: arrival; seen together a correction is later, then file time, then name.

    A correction sheet comes after whatever whole table came with it: it is about what stands.
    """
    rank = 2 if file.kind == "correction" else int(is_correction(file.path))
    return (file.arrival, rank, file.modified_at.timestamp(), name_of(file.path))


def submissions(dataset: str, files: Iterable[SeenFile]) -> list[Submission]:
    """All submissions of a dataset for a month, the latest last.

    A file without a township's name is a submission of its own. Files with township names are parts
    of one; parts that arrive later replace their township's earlier part and keep the others. A
    correction sheet is always a submission of its own.
    """
    whole: list[tuple[_Order, Submission]] = []
    batches: dict[int, list[SeenFile]] = {}
    for file in sorted(files, key=_order):
        if file.kind == "correction" or township_in(name_of(file.path)) is None:
            whole.append((_order(file), Submission(dataset, (file,))))
        else:
            batches.setdefault(file.arrival, []).append(file)
    parts: dict[str, SeenFile] = {}
    for batch in batches.values():
        parts |= {township_in(name_of(file.path)) or "": file for file in batch}
        whole.append(
            (_order(batch[-1]), Submission(dataset, tuple(parts[t] for t in sorted(parts))))
        )
    whole.sort(key=lambda pair: pair[0])
    return _with_repeats_marked([submission for _, submission in whole])


def _with_repeats_marked(sent: list[Submission]) -> list[Submission]:
    marked = []
    latest: str | None = None
    corrections: set[str] = set()
    for submission in sent:
        content = submission.content_sha256
        if submission.is_correction:
            is_repeat = content in corrections
            corrections.add(content)
        else:
            is_repeat = content == latest
            latest = content
        marked.append(replace(submission, is_repeat=is_repeat))
    return marked
