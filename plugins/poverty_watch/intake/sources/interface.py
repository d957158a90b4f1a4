"""What a way in is: it brings a department's data of a month into the spool, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from poverty_watch.contracts import Department
from poverty_watch.months import Month

WAY_TITLES = {"sftp": "SFTP", "database": "数据库", "http": "HTTP接口"}


class SourceError(ValueError):
    """A source gave nothing; Chinese, says which one, why and what to do, never a password."""


class TemporaryError(Exception):
    """Something that may well go better when it is tried again; the message is Chinese."""


class LastingError(Exception):
    """Something that somebody has to mend; the message is Chinese and says what."""


@dataclass(frozen=True)
class Taken:
    """One thing that a source has, and that is now in the spool.

    ``item`` is a dataset, or a file's path on the server; ``mark`` changes whenever what is there
    does; ``rows`` is None for a file, which is only copied here.
    """

    item: str
    mark: str
    rows: int | None = None


@dataclass(frozen=True)
class Arrived:
    """What a source brought.

    ``empty`` are datasets that the source knows and has no row of; ``remarks`` are Chinese
    sentences about what was not taken; ``taken`` is all that it has, changed or not.
    """

    empty: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()
    taken: tuple[Taken, ...] = ()


class Source(Protocol):
    """A way in other than the inbox folder."""

    def deliver(self, month: Month, department: Department, into: Path) -> Arrived:
        """Bring the department's data of a month into the folder ``into``.

        Files are written whole or not at all; one that is there and has not changed stays as it is.

        Raises:
            SourceError: the source could not be reached or read.
        """
        ...


def failure(department: Department, way: str, connection: str, reason: str) -> SourceError:
    """The error that staff read."""
    return SourceError(
        f"{department.title}：从{WAY_TITLES[way]}取数失败（连接 {connection}）：{reason}"
    )
