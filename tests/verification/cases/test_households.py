"""What the newest month knows of a household, also of one that has changed its register."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from poverty_watch.ledger.access import Viewer
from poverty_watch.verification.cases.households import Household, households_of
from tests.verification.cases.conftest import ELSEWHERE, VISITOR, Office, household

PERSONS = pa.schema(
    [
        ("person_id", pa.int64()),
        ("household_id", pa.string()),
        ("hukou_id", pa.string()),
        ("died_on", pa.date32()),
    ]
)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is known of households comes from the lake."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def known(office: Office, *wanted: str, viewer: Viewer = VISITOR) -> dict[str, Household]:
    with office.ledger.transaction(viewer) as session:
        return households_of(session, office.settings, wanted)


def test_a_household_that_has_come_into_the_register_is_found_there(office: Office) -> None:
    lived = [("R:5", "77", None), ("R:5", "77", None), ("R:1", "77", None), ("R:1", "88", None)]
    lived += [("R:1", "99", date(2021, 4, 1)), ("R:1", "77", date(2021, 4, 1))] * 2
    rows = [
        {"person_id": n, "household_id": h, "hukou_id": hukou, "died_on": died}
        for n, (h, hukou, died) in enumerate(lived)
    ]
    office.compute(
        household("R:1", head_name="样例甲"),
        household("R:5", head_name="样例戊", standing="M"),
        household("H:88", head_name="样例辛"),
        persons=pa.Table.from_pylist(rows, schema=PERSONS),
    )
    found = known(office, "H:77", "H:88", "H:99", "R:1", "R:404")
    assert {h: one.head_name for h, one in found.items()} == {
        "H:77": "样例戊",
        "H:88": "样例辛",
        "R:1": "样例甲",
    }
    assert (found["H:77"].household_id, found["H:77"].standing) == ("H:77", "M")
    assert known(office, "H:77", "R:1", viewer=ELSEWHERE) == {}
