"""Numbers that a spreadsheet has cut: proposed from the registers by name and fifteen digits, never taken."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from poverty_watch.identity import Keyring, check_digit
from poverty_watch.intake.proposals import Lost, propose, starts_of
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import JournalEntry, SealedPerson
from tests.intake.answers.conftest import HEADER
from tests.intake.conftest import MARCH, Office, number
from tests.intake.corrections.conftest import DATASET, Sender

KEYS = Keyring(b"p" * 32, b"s" * 32)
# They differ in the last three digits only.
ONE, OTHER = number("19900101", 1), number("19900101", 3)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is said here does not depend on the database."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def people(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Names and valid numbers of nobody, none of which ends in X (such a one is never a number)."""
    draw = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        birth = f"{draw.randint(1930, 2015)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
        seventeen = f"530501{birth}{draw.randint(0, 999):03d}"
        digit = check_digit(seventeen)
        if digit != "X":
            # Some dozens of names are shared by many, as in a real county.
            found[seventeen + digit] = f"样例{draw.randint(1, count // 3)}"
    return [(name, number) for number, name in found.items()]


def register(path: Path, rows: list[tuple[str, str]]) -> Path:
    numbers = pa.array([number for _, number in rows], pa.large_string())
    names = pa.array([name for name, _ in rows])
    pq.write_table(pa.table({"person_id": KEYS.person_ids(numbers), "name": names}), path)
    return path


def cut(number: str) -> float:
    """The number as Excel keeps it: fifteen digits, then zeros."""
    return float(int(number[:15] + "0" * (len(number) - 15)))


def test_a_thousand_numbers_saved_as_numbers_are_rightly_proposed_and_none_is_stored(
    office: Office,
) -> None:
    known = people(1500)
    header = ["户号", "姓名", "公民身份号码", "与户主关系", "性别", "乡镇", "村委会", "村委会代码"]
    rows = [
        [str(n), name, number, "户主", "男", "甸阳镇", "样例村", "1"]
        for n, (name, number) in enumerate(known)
    ]
    office.deliver("hukou_register", [header, *rows], month=MARCH)
    sender = Sender(office, DATASET)
    lost = [[name, cut(number), "肢体", "二级", "2021-03-06"] for name, number in known[:1000]]
    verdict = sender.deliver([HEADER, *lost])
    assert verdict.status == "rejected"
    with office.ledger.transaction() as session:
        assert len(list(session.scalars(select(SealedPerson.person_id)))) == 1500
    lake = Lake(office.settings.lake).root / DATASET / "2021-04"
    assert [path.name for path in lake.rglob("*.parquet")] == ["set_aside.parquet"]
    form = sender.form()
    proposed = {row["原表行号"]: row["建议号码"] for row in form.rows}
    right = sum(proposed[row] == number for row, (_, number) in enumerate(known[:1000], start=2))
    wrong = sum(
        proposed[row] not in (None, number) for row, (_, number) in enumerate(known[:1000], start=2)
    )
    assert right >= 990, right
    assert wrong == 0
    # What senders are told of numbers is written down as any reading of them is.
    with office.ledger.transaction() as session:
        readings = list(
            session.scalars(select(JournalEntry).where(JournalEntry.action == "查看身份证号"))
        )
    assert [(r.subject, r.detail["count"]) for r in readings] == [
        ("2021年4月持证残疾人更正表：建议号码", right)
    ]
    assert all(row["采用"] is None for row in form.rows)


def test_nobody_is_proposed_where_two_can_be_meant(tmp_path: Path) -> None:
    twins = [("样例", ONE), ("样例", OTHER)]
    path = register(tmp_path / "two.parquet", twins)
    assert propose([Lost(cut(twins[0][1]), "样例")], [path], KEYS) == [None]
    # Another name tells them apart; the same person in two registers is one person.
    other = register(tmp_path / "one.parquet", [("样例甲", twins[0][1]), ("样例乙", twins[1][1])])
    assert propose([Lost(cut(twins[0][1]), "样例甲")], [other, other], KEYS) == [twins[0][1]]


def test_names_are_compared_as_the_registers_comparison_does(tmp_path: Path) -> None:
    path = register(tmp_path / "dots.parquet", [("阿依·样例", ONE)])
    cells = [Lost(cut(ONE), name) for name in ("阿 依•样例", "阿依．样例", "阿依样例", None)]
    assert propose(cells, [path], KEYS) == [ONE, ONE, None, None]


@pytest.mark.parametrize(
    ("cell", "starts"),
    [
        (530501199001010014, {"530501199001010"}),
        (530501199001010000.0, {"530501199001010"}),
        ("5.30501199001010E+17", {"530501199001010"}),
        ("５.30501199001010e+17", {"530501199001010"}),
        # An export that shows six digits leaves nothing to look for.
        ("5.30501E+17", set()),
        (53050119900101001444, {"530501199001010"}),
        (5.3e15, set()),
        ("530501199001010014", set()),
        (None, set()),
        (True, set()),
    ],
)
def test_the_digits_that_are_left(cell: object, starts: set[str]) -> None:
    found = set(starts_of(cell))
    assert starts <= found
    assert len(found) <= (2 if starts else 0)


def test_no_digits_are_lost_to_rounding() -> None:
    for _, whole in people(2000, seed=5):
        for cell in (
            cut(whole),
            float(int(whole)),
            float(int(whole + "44")),
            f"{float(whole):.14E}",
        ):
            assert whole[:15] in starts_of(cell), (whole, cell)
