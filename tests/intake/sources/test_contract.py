"""The ``arrives`` block: whoever writes it learns of all mistakes at once, in Chinese."""

from __future__ import annotations

from typing import Any

import pytest

from poverty_watch.contracts import ContractError
from poverty_watch.intake import SourceError
from tests.intake.sources.conftest import CONNECTION, Clinic


def mistakes(clinic: Clinic, **block: Any) -> str:
    clinic.arrives(**block)
    with pytest.raises(ContractError) as caught:
        _ = clinic.catalogue
    return str(caught.value)


def test_without_the_block_files_are_looked_for_in_the_inbox(clinic: Clinic) -> None:
    (clinic.folder / "department.yaml").write_text("title: 样例卫生院\norder: 1\n")
    assert clinic.department.card.arrives.way == "inbox"


def test_every_dataset_needs_a_query_and_every_query_a_dataset(clinic: Clinic) -> None:
    clinic.query("births", "SELECT 1")
    told = mistakes(clinic, way="database", connection=CONNECTION)
    for part in (
        "clinic/deaths.query.sql：没有这个文件",
        "clinic/major_illness.query.sql：没有这个文件",
        "clinic/births.query.sql：没有对应的数据集",
    ):
        assert part in told


def test_every_dataset_needs_an_interface_and_every_interface_a_dataset(clinic: Clinic) -> None:
    pages = {"deaths": {"path": "/d"}, "births": {"path": "/b"}}
    told = mistakes(clinic, way="http", connection=CONNECTION, datasets=pages)
    assert "没有写 major_illness 的接口" in told
    assert "没有数据集 births" in told


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"way": "fax", "connection": "x"}, "arrives"),
        ({"way": "sftp"}, "connection"),
        ({"way": "sftp", "connection": "x", "folder": "/{year}"}, "不认识的占位符：{year}"),
        ({"way": "sftp", "connection": "user:password@host"}, "connection"),
        ({"way": "inbox", "connection": "x"}, "connection"),
    ],
)
def test_a_block_must_make_sense(clinic: Clinic, block: dict[str, Any], told: str) -> None:
    assert told in mistakes(clinic, **block)


def test_a_department_with_a_source_is_never_called_missing_for_want_of_a_connection(
    clinic: Clinic,
) -> None:
    clinic.arrives(way="sftp", connection=CONNECTION)
    with pytest.raises(SourceError, match="样例卫生院"):
        clinic.take_in(None)
