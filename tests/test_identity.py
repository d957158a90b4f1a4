"""Identity numbers: one written form, one fault, one key; in full only where a person needs it."""

from __future__ import annotations

import os
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from poverty_watch.identity import (
    Judged,
    Keyring,
    check_digit,
    judge,
    mask,
    mask_numbers,
    normalise,
)

MONTH_END = date(2021, 4, 30)
SAMPLE = "11010519491231002X"  # the worked example of GB 11643-1999
OTHER = "440524188001010014"  # its second one: born before 1900


def judged(*cells: str | None, lost: bool = False, month_end: date = MONTH_END) -> Judged:
    return judge(pa.array(cells, pa.string()), np.full(len(cells), lost), month_end)


def fault_of(cell: str | None, **given: Any) -> str | None:
    fault: str | None = judged(cell, **given).fault[0].as_py()
    return fault


# The first example of a test pays for imports; a busy machine is no fault.
unhurried = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
births = st.dates(date(1900, 1, 1), MONTH_END)


@st.composite
def valid_numbers(draw: st.DrawFn) -> str:
    place = draw(st.integers(110000, 829999))
    serial = draw(st.integers(0, 999))
    seventeen = f"{place}{draw(births):%Y%m%d}{serial:03d}"
    return seventeen + mod_11_2.calc_check_digit(seventeen)


@st.composite
def decorated(draw: st.DrawFn, number: str) -> str:
    """The number as a clerk or a spreadsheet may have left it: nothing that changes who it is."""
    widths = draw(st.lists(st.booleans(), min_size=18, max_size=18))
    noise = st.text("  \t\n\r\u00a0\u200b\u200c\u2060\ufeff\u3000'\"‘’“”`＇", max_size=2)
    text = draw(noise)
    for character, wide in zip(number, widths, strict=True):
        if character == "X" and draw(st.booleans()):
            character = "x"
        text += chr(ord(character) + 0xFEE0) if wide else character
        text += draw(noise)
    return text


@unhurried
@given(valid_numbers())
def test_the_check_digit_is_that_of_iso_7064(number: str) -> None:
    assert check_digit(number[:17]) == number[17]


@unhurried
@given(st.data())
def test_a_valid_number_is_judged_valid_under_any_decoration(data: st.DataObject) -> None:
    number = data.draw(valid_numbers())
    verdict = judged(data.draw(decorated(number)))
    assert verdict.fault[0].as_py() is None
    assert verdict.number[0].as_py() == number
    birth = verdict.birth_date[0].as_py()
    assert f"{birth:%Y%m%d}" == number[6:14]


@unhurried
@given(valid_numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes(number: str, place: int, step: int) -> None:
    wrong = (int(number[place]) + step) % 10
    verdict = judged(f"{number[:place]}{wrong}{number[place + 1 :]}")
    assert verdict.fault[0].as_py() in ("id_check_digit", "id_date")
    assert verdict.birth_date[0].as_py() is None


@unhurried
@given(valid_numbers(), st.integers(6, 15))
def test_two_swapped_digits_never_pass(number: str, place: int) -> None:
    left, right = number[place : place + 2]
    swapped = number[:place] + right + left + number[place + 2 :]
    if left != right:
        assert fault_of(swapped) in ("id_check_digit", "id_date")


@unhurried
@given(st.text(max_size=30))
def test_any_text_gets_a_verdict_and_keeps_its_written_form(text: str) -> None:
    verdict = judged(text)
    assert verdict.number[0].as_py() == (normalise(text) or None)
    assert verdict.fault[0].as_py() is not None


@pytest.mark.parametrize(
    "cell",
    [
        SAMPLE.lower(),
        f"'{SAMPLE}",
        f"＇{SAMPLE}",
        f"“{SAMPLE}”",
        f"´{SAMPLE}´",
        f"\ufeff{SAMPLE}",
        "110105 19491231 002X",
        "110105\u3000194912\u200b31002X\n",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "110105491231002",  # 15 digits of the old form
        f"{SAMPLE}42",  # disability certificate: kind and degree
        f"{SAMPLE}42B1",  # its replacement
    ],
)
def test_one_person_has_one_written_form(cell: str) -> None:
    assert normalise(cell) == SAMPLE
    assert fault_of(cell) is None


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (None, "id_missing"),
        ("", "id_missing"),
        (" \u3000\u200b'", "id_missing"),
        ("1.10105E+17", "id_lost_digits"),
        ("1.10105194912310e+17", "id_lost_digits"),
        ("1.1010519491231000000E+17", "id_lost_digits"),
        ("11010519491231002", "id_length"),
        (f"{SAMPLE}4", "id_length"),
        ("不详", "id_length"),
        ("1101051949123100二X", "id_characters"),
        ("1101051949123X0029", "id_characters"),
        ("11010549123100X", "id_characters"),
        ("110105194902300028", "id_date"),
        ("110105190002290022", "id_date"),  # 1900 was no leap year
        ("110105202104310012", "id_date"),
        ("110105202113010012", "id_date"),
        (OTHER, "id_date"),  # its check digit is right
        ("110105194912310029", "id_check_digit"),
        ("110105194912310000", "id_check_digit"),  # text that ends in zeros is judged as it stands
    ],
)
def test_each_fault_is_named(cell: str | None, fault: str) -> None:
    assert fault_of(cell) == fault


def test_a_date_fault_goes_before_a_check_digit_fault() -> None:
    assert fault_of("110105194913310029") == "id_date"


def test_a_number_cell_that_lost_its_digits_is_never_guessed() -> None:
    verdict = judged(SAMPLE, lost=True)
    assert verdict.fault[0].as_py() == "id_lost_digits"
    assert verdict.number[0].as_py() is None
    assert verdict.birth_date[0].as_py() is None


def test_somebody_born_at_the_month_end_is_born_the_day_after_not_yet() -> None:
    def born(day: date) -> str:
        seventeen = f"110105{day:%Y%m%d}002"
        return seventeen + check_digit(seventeen)

    assert fault_of(born(MONTH_END)) is None
    assert fault_of(born(MONTH_END + timedelta(days=1))) == "id_date"


def test_the_place_is_not_judged() -> None:
    seventeen = "99999919491231002"
    assert fault_of(seventeen + check_digit(seventeen)) is None


def test_a_column_keeps_its_order_whatever_its_cells_are() -> None:
    verdict = judged(SAMPLE, None, "12", f"'{SAMPLE}", "110105194912310029")
    assert verdict.fault.to_pylist() == [None, "id_missing", "id_length", None, "id_check_digit"]
    assert verdict.number.to_pylist()[:4] == [SAMPLE, None, "12", SAMPLE]


def test_an_empty_column_is_judged_too() -> None:
    assert len(judged().fault) == 0


def test_a_masked_number_shows_its_first_six_and_last_four() -> None:
    assert mask(SAMPLE) == "110105********002X"
    assert mask("12345678901") == "*" * 11


@unhurried
@given(
    valid_numbers(),
    st.text("号：（）户 ，.-a", max_size=6),
    st.text("号：（）户 ，.-a", max_size=6),
)
def test_a_message_never_shows_a_number_in_full(number: str, before: str, after: str) -> None:
    shown = mask_numbers(f"{before}{number}{after}")
    assert number not in shown
    assert number[6:14] not in shown
    assert shown == f"{before}{mask(number)}{after}"


def test_a_message_keeps_amounts_dates_and_household_numbers() -> None:
    text = "户编号 531000658，2021-04-30，20000.00元，电话 10093927996"
    assert mask_numbers(text) == text


def test_a_person_has_the_same_id_wherever_the_number_comes_from(keys: Keyring) -> None:
    ids = keys.person_ids(pa.array([SAMPLE, None, OTHER, SAMPLE])).to_pylist()
    assert ids[0] == ids[3] == keys.person_id(SAMPLE)
    assert ids[1] is None
    assert ids[2] not in (None, ids[0])


def test_another_installation_gives_other_ids(tmp_path: Path) -> None:
    one, other = Keyring.open(tmp_path / "one"), Keyring.open(tmp_path / "other")
    assert one.person_id(SAMPLE) != other.person_id(SAMPLE)


def test_keys_are_their_owners_alone_and_stay_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = Keyring.open(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert Keyring.open(folder) == first
    assert len(first.person_key) == len(first.seal_key) == 32
    assert first.person_key != first.seal_key


def _open_in_step(folders: list[Path], barrier: Any, results: Any) -> None:
    opened = []
    for folder in folders:
        barrier.wait(30)
        opened.append(Keyring.open(folder))
    results.put(opened)


def test_two_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    context = get_context("fork")
    folders = [tmp_path / f"home{number}" / "keys" for number in range(25)]
    barrier, results = context.Barrier(2), context.Queue()
    runners = [
        context.Process(target=_open_in_step, args=(folders, barrier, results)) for _ in range(2)
    ]
    for runner in runners:
        runner.start()
    first, second = results.get(timeout=60), results.get(timeout=60)
    for runner in runners:
        runner.join(30)
    assert first == second == [Keyring.open(folder) for folder in folders]
    assert sorted(os.listdir(folders[0])) == ["person.key", "seal.key"]


def test_a_sealed_number_opens_for_its_owner_alone(keys: Keyring) -> None:
    sealed = keys.seal(7, SAMPLE)
    assert SAMPLE.encode() not in sealed
    assert keys.unseal(7, sealed) == SAMPLE
    with pytest.raises(InvalidTag):
        keys.unseal(8, sealed)


def test_the_same_number_is_sealed_differently_each_time(keys: Keyring) -> None:
    sealed = keys.seal_all([7, 7, -8], [SAMPLE, SAMPLE, OTHER])
    assert sealed[0] != sealed[1]
    assert [keys.unseal(p, s) for p, s in zip([7, 7, -8], sealed, strict=True)] == [
        SAMPLE,
        SAMPLE,
        OTHER,
    ]


def test_a_tampered_seal_does_not_open(keys: Keyring) -> None:
    sealed = bytearray(keys.seal(7, SAMPLE))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        keys.unseal(7, bytes(sealed))
