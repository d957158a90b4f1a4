"""What an engine offers, whatever runs behind it."""

from __future__ import annotations

from collections.abc import Mapping
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


class Engine(Protocol):
    """Run SQL (DuckDB's dialect, kept to what sqlglot carries over) over named relations.

    `attach` these versions, `run` this text with these parameters and get Arrow. What later texts
    read again and again is `keep`-ed in the engine, and `save`-d without passing through Python.
    """

    def attach(self, name: str, relation: Relation) -> None:
        """Offer a relation under a name, in place of what bore the name before."""
        ...

    def run(self, sql: str, parameters: Mapping[str, Any], *, name: str = "") -> pa.Table:
        """The rows of a SQL text.

        Args:
            sql: the text; it reads attached relations and binds ``$name`` parameters.
            parameters: more than the text uses may be given, less may not.
            name: what to call the text in errors.

        Raises:
            EngineError: it reads a relation or parameter that is not there, or does not run.
        """
        ...

    def keep(
        self, relation: str, sql: str, parameters: Mapping[str, Any], *, name: str = ""
    ) -> int:
        """Run a text once and offer its rows under the name of a relation; how many there are.

        Raises:
            EngineError: as `run`.
        """
        ...

    def save(self, relation: str, path: Path) -> None:
        """Write a relation's rows to a Parquet file, in no particular order.

        Raises:
            EngineError: there is no such relation.
        """
        ...
