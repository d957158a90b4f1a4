"""The report's SQL files say what they are, and another engine could run them."""

from __future__ import annotations

import re

import pytest
import yaml

from poverty_watch.engine import relations_of, spark_text
from poverty_watch.report.queries import REPORT_SQL

FILES = sorted(REPORT_SQL.glob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_header_names_the_file_and_what_it_reads(path) -> None:
    sql = path.read_text(encoding="utf-8")
    match = re.match(r"/\*(.*?)\*/", sql, re.DOTALL)
    assert match is not None
    header = yaml.safe_load(match[1])
    assert header["id"] == path.stem
    assert set(header["relations"]) == set(relations_of(sql))
    bound = set(re.findall(r"\$([a-z_]+)", sql))
    assert set(header.get("parameters") or {}) == bound


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_can_be_carried_over_to_spark(path) -> None:
    assert spark_text(path.read_text(encoding="utf-8"))


def test_there_are_report_queries() -> None:
    assert FILES
