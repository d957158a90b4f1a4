"""Run SQL files over relations that lie in Parquet files or in memory."""

from poverty_watch.engine.duck import DuckEngine
from poverty_watch.engine.interface import Engine, EngineError, ParquetPart, Relation, Rows, Text
from poverty_watch.engine.text import counting, parse, relations_of, spark_text

__all__ = [
    "DuckEngine",
    "Engine",
    "EngineError",
    "ParquetPart",
    "Relation",
    "Rows",
    "Text",
    "counting",
    "parse",
    "relations_of",
    "spark_text",
]
