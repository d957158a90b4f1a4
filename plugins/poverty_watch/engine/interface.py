"""What an engine offers, whatever runs behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pyarrow as pa


class EngineError(RuntimeError):
    """A SQL text could not be run; the message names the text and what is wrong with it."""


@dataclass(frozen=True)
class ParquetPart:
    """One Parquet file of a relation.

    ``month`` (``YYYY-MM``) and ``dataset`` say where its rows come from; either becomes a text
    column if given.
    """

    path: Path
    month: str | None = None
    dataset: str | None = None


@dataclass(frozen=True)
class Rows:
    """Rows that lie in Parquet files of one shape; with no file, a typed empty relation.

    ``schema`` is the shape that SQL may count on: a column that an older file does not have yet is
    null there. It does not list the added ``month`` and ``dataset``; ``has_month`` and
    ``has_dataset`` say whether there is one.
    """

    schema: pa.Schema
    parts: tuple[ParquetPart, ...] = field(default=())
    has_month: bool = False
    has_dataset: bool = False


Relation: TypeAlias = Rows | pa.Table


@dataclass(frozen=True)
class Text:
    """A SQL text (one query) with values for its ``$name`` parameters.

    More parameters than the text uses may be given, less may not. ``name`` is what it is called in
    errors.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = "SQL"


class Engine(Protocol):
    """Run SQL (DuckDB's dialect, kept to what sqlglot carries over) over named relations.

    `attach` these versions, `run` this text with these parameters and get Arrow. What later texts
    read again and again is kept in the engine, and saved without passing through Python. Texts that
    are given together do not depend on each other; an engine may run them side by side.
    """

    def attach(self, name: str, relation: Relation) -> None:
        """Offer a relation under a name, in place of what bore the name before."""
        ...

    def run(self, sql: str, parameters: Mapping[str, Any], *, name: str = "SQL") -> pa.Table:
        """The rows of one text; see `run_all`."""
        ...

    def run_all(self, texts: Sequence[Text]) -> list[pa.Table]:
        """The rows of each text, in the order of the texts.

        Raises:
            EngineError: one reads a relation or parameter that is not there, or does not run.
        """
        ...

    def keep(self, texts: Mapping[str, Text]) -> dict[str, int]:
        """Run texts once and offer their rows under these names; how many rows each has.

        Raises:
            EngineError: as `run_all`.
        """
        ...

    def save(self, paths: Mapping[str, Path]) -> None:
        """Write relations to Parquet files, in no particular order of rows.

        Raises:
            EngineError: there is no such relation.
        """
        ...
