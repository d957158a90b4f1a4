"""Judge one submission: which rows are accepted, which are sent back, and whether it stops."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.contracts import Contract
from poverty_watch.contracts.duty import duty_policy
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.identity import Keyring, mask, mask_numbers
from poverty_watch.intake import cells
from poverty_watch.intake.amendments import Amendment
from poverty_watch.intake.checks import KeptCheck, kept_checks
from poverty_watch.intake.names import is_nil_return as is_nil_name
from poverty_watch.intake.names import month_in
from poverty_watch.intake.policy import delivery_policy, faults, queries
from poverty_watch.intake.queries import QUERIES_SCHEMA, Explained, Explaining, ask
from poverty_watch.intake.repeats import duplicates, repeated
from poverty_watch.intake.sheets import Doubt, UnreadableError, read_sheets
from poverty_watch.intake.standardise import ReadFile, Standardised, standardise
from poverty_watch.intake.suites import Doubted, RowFaults, judge_rows
from poverty_watch.ledger.explanations import Key
from poverty_watch.months import Month

SET_ASIDE_SCHEMA = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("header", pa.string()),
        ("fault", pa.string()),
        ("value", pa.string()),
        ("all_faults", pa.string()),
    ]
)


class ConservationError(RuntimeError):
    """Rows in and rows out differ: a defect of the program, never settled."""


@dataclass(frozen=True)
class DeliveredFile:
    """A kept raw file and the name under which it was delivered."""

    path: Path
    name: str


@dataclass(frozen=True)
class History:
    """What earlier months hold: for repeated rows, the volume of snapshots, explained queries."""

    earlier_accepted: Sequence[Path]
    previous_data_rows: int | None
    previous_month: Month | None
    explanations: Mapping[Key, str] = field(default_factory=dict)


@dataclass
class Judgement:
    """What became of a submission; ``status`` and ``open_queries`` as in the ledger's Delivery."""

    status: str
    accepted: pa.Table
    set_aside: pa.Table
    rows: dict[str, int]
    faults: dict[str, int]
    messages: list[str]
    queries: pa.Table = field(default_factory=QUERIES_SCHEMA.empty_table)
    open_queries: dict[str, int] = field(default_factory=dict)
    checks: list[KeptCheck] = field(default_factory=list)
    explained: list[Explained] = field(default_factory=list)
    identities: dict[int, str] = field(default_factory=dict)
    phones: dict[int, str] = field(default_factory=dict)
    is_readable: bool = True


def judge_submission(
    contract: Contract,
    suite: Path,
    files: Sequence[DeliveredFile],
    is_nil_return: bool,
    month: Month,
    keys: Keyring,
    history: History,
    *,
    amendments: Sequence[Amendment] = (),
    stops_waived: bool = False,
) -> Judgement:
    """Read, standardise and validate one submission, and decide what becomes of it.

    ``amendments``: rows of its files that have been mended since these were sent before.
    ``stops_waived``: a person has accepted the stops that a person may accept (volume, share of
    faulty rows); what cannot be read or was sent before stops all the same.
    """
    with _collector_paused():
        return _judge_submission(
            contract, suite, files, is_nil_return, month, keys, history, amendments, stops_waived
        )


def judge_amended(
    amended: Standardised,
    suite: Path,
    month: Month,
    keys: Keyring,
    history: History,
    explaining: Explaining,
    *,
    stops_waived: bool = False,
) -> Judgement:
    """Validate a delivery some rows of which were mended, by the very same rules.

    How its files were read has been told when they came, and is not told again.

    ``explaining``: what the sender has written about its queries.
    """
    doubts = amended.doubts + _month_doubts(dict.fromkeys(amended.delivered.files), month)
    own = _as_of_stop(amended, month)
    if own:
        return _stopped(amended.contract, [own], amended.counts.data)
    with _collector_paused():
        return _judge_rows(
            amended,
            suite,
            month,
            keys,
            history,
            [],
            doubts,
            explaining,
            stops_waived,
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Millions of cells are made and none refers to another: looking for cycles among them is waste."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _judge_submission(
    contract: Contract,
    suite: Path,
    files: Sequence[DeliveredFile],
    is_nil_return: bool,
    month: Month,
    keys: Keyring,
    history: History,
    amendments: Sequence[Amendment],
    stops_waived: bool,
) -> Judgement:
    read, problems = read_delivered(files, contract, month, keys)
    if problems:
        return _unreadable(contract, problems)
    if is_nil_return and not read:
        return _nil(contract, [])
    standardised = standardise(contract, read, month, keys, amendments)
    messages = standardised.messages
    doubts = standardised.doubts + _month_doubts([file.name for file in files], month)
    odd = [doubt.sentence for doubt in doubts]
    if standardised.unreadable_files or not standardised.has_layout:
        return _unreadable(contract, standardised.unreadable_files + messages + odd)
    if is_nil_return:
        messages.append("文件名写明“零报告”，但表中有数据行，已按数据接收，请核对。")
    if not len(standardised):
        return _nil(contract, messages + odd)
    own = _as_of_stop(standardised, month)
    if own:
        return _stopped(contract, [own, *messages, *odd], standardised.counts.data)
    return _judge_rows(
        standardised, suite, month, keys, history, messages, doubts, Explaining(), stops_waived
    )


def read_delivered(
    files: Sequence[DeliveredFile], contract: Contract, month: Month, keys: Keyring
) -> tuple[list[ReadFile], list[str]]:
    """The files that have something to say, and what is wrong with those that cannot be read.

    A nil return says by its name all that it has to say, unless it tells of somebody after all.
    """
    limits = delivery_policy().limits
    read: list[ReadFile] = []
    problems: list[str] = []
    for file in files:
        try:
            found = ReadFile(file.name, read_sheets(file.path, file.name, limits))
        except UnreadableError as error:
            if not is_nil_name(file.name):
                problems.append(str(error))
            continue
        if not is_nil_name(file.name) or _tells_of_somebody(
            standardise(contract, [found], month, keys)
        ):
            read.append(found)
    return read, problems


_A_NUMBER = r"(\d\D*){6}"
_A_NAME = r"^[\p{Han}·]{2,}$"
_NO_NAME = "[无零填报]"


def _tells_of_somebody(rows: Standardised) -> bool:
    """Whether some row has a number of a person, right or wrong, or a name and a day.

    A row that says 无 in its cells has neither, nor has one that somebody signed.
    """
    columns = rows.contract.columns
    written = cells.as_text(rows.raw[rows.contract.identity.name])
    told = pc.fill_null(pc.match_substring_regex(written, _A_NUMBER), False)
    days = [rows.columns[column.name].is_valid() for column in columns if column.type == "date"]
    for column in columns:
        if column.type == "name" and days:
            name = pc.fill_null(rows.columns[column.name], "")
            is_name = pc.and_not(
                pc.match_substring_regex(name, _A_NAME), pc.match_substring_regex(name, _NO_NAME)
            )
            told = pc.or_(told, pc.and_(is_name, reduce(pc.or_, days)))
    return bool(pc.any(told).as_py())


def _stopped(contract: Contract, messages: list[str], data_rows: int = 0) -> Judgement:
    return Judgement(
        status="rejected",
        accepted=accepted_schema(contract).empty_table(),
        set_aside=SET_ASIDE_SCHEMA.empty_table(),
        rows={"data": data_rows},
        faults={},
        messages=messages,
    )


def _unreadable(contract: Contract, messages: list[str]) -> Judgement:
    judgement = _stopped(contract, messages)
    judgement.is_readable = False
    return judgement


def _nil(contract: Contract, messages: list[str]) -> Judgement:
    nil = _stopped(contract, messages)
    if not duty_policy().nil_returns[contract.kind]:
        whole = "是全量表，" if contract.kind == "snapshot" else ""
        nil.messages.insert(
            0,
            f"“{contract.title}”{whole}不能零报告；表中没有数据行，报送不完整，请补报全部数据。",
        )
    else:
        nil.status = "nil"
    return nil


def _month_doubts(names: Iterable[str], month: Month) -> list[Doubt]:
    return [
        Doubt(
            "month_in_name",
            name,
            "",
            f"{month.months_since(named)}",
            f"文件“{name}”的名称写的是{named.chinese}，却放在{month.chinese}的目录里，已按{month.chinese}接收，请核对。",
        )
        for name in names
        if (named := month_in(name)) is not None and named != month
    ]


def _as_of_stop(standardised: Standardised, month: Month) -> str | None:
    column = standardised.contract.as_of
    if column is None:
        return None
    latest: date | None = pc.max(standardised.columns[column.name]).as_py()
    if latest is None or latest >= month.first_day:
        return None
    return (
        f"“{column.header}”最晚是{latest.isoformat()}，早于{month.chinese}：像是把以前的文件又送了一次。"
        f"请报送截至{month.last_day.isoformat()}的数据。"
    )


def _judge_rows(
    standardised: Standardised,
    suite: Path,
    month: Month,
    keys: Keyring,
    history: History,
    messages: list[str],
    doubts: Sequence[Doubt],
    explaining: Explaining,
    stops_waived: bool,
) -> Judgement:
    contract = standardised.contract
    lake = _lake_columns(standardised, month, keys)
    listed = {n: v for n, v in lake.items() if n in {c.name for c in contract.columns}}
    marks = {"is_duplicate": _duplicates(standardised)}
    if contract.repeated_by_event:
        marks["is_repeated"] = repeated(listed, contract.identity.name, history.earlier_accepted)
    verdict = judge_rows(standardised, suite, month, marks)
    is_faulty = verdict.first != -1
    good = ~is_faulty & ~standardised.voided
    counted = Counter(verdict.found[i][0] for i in verdict.first[is_faulty].tolist())
    counts = standardised.counts
    rows = {
        "data": counts.data,
        "accepted": int(good.sum()),
        "rejected": int(is_faulty.sum()),
        "voided": int(standardised.voided.sum()),
        "header": counts.header,
        "blank": counts.blank,
        "total": counts.total,
    }
    _conserve(counts.all, rows)
    found = _stops(contract, rows, counted, history)
    stops = [] if stops_waived else [f"{stop.fact}，整份暂不接收{stop.ask}" for stop in found]
    told = [f"{stop.fact}，经人工核准接收。" for stop in found] if stops_waived else []
    if rows["voided"]:
        told.append(f"其中{rows['voided']}行报送单位已在更正表里作废，没有使用。")
    people = lake[contract.identity.name]
    known = history.explanations
    asked = ask(standardised, people, verdict.doubted, doubts, keys, known, explaining)
    accepted = pa.table(lake, schema=accepted_schema(contract)).filter(pa.array(good))
    judgement = Judgement(
        status="rejected" if stops else "accepted",
        accepted=accepted if not stops else accepted.slice(0, 0),
        set_aside=_set_aside(standardised, verdict),
        rows=rows | {"late": int(pc.sum(accepted["is_late"]).as_py() or 0)},
        faults=dict(sorted(counted.items())),
        messages=stops + told + messages + asked.sentences,
        queries=asked.table,
        open_queries=asked.open,
        checks=kept_checks(standardised, verdict.checks),
        explained=asked.given,
    )
    if not stops:
        if asked.whole:
            judgement.status = "accepted_with_warnings"
            judgement.messages += [_warning(contract, doubted) for doubted in asked.whole]
        _collect_sealed(judgement, standardised, people, good)
    return judgement


def _duplicates(standardised: Standardised) -> np.ndarray:
    """A row that was taken back is no earlier row: the one that equals it stands alone."""
    columns, key = standardised.columns, standardised.contract.identity.name
    living = ~standardised.voided
    if living.all():
        return duplicates(columns, key)
    marks = np.zeros(len(standardised), dtype=bool)
    kept = pa.array(living)
    marks[living] = duplicates({name: v.filter(kept) for name, v in columns.items()}, key)
    return marks


def _lake_columns(standardised: Standardised, month: Month, keys: Keyring) -> dict[str, pa.Array]:
    contract = standardised.contract
    valid = pc.is_null(standardised.identity.fault)
    numbers = pc.if_else(valid, standardised.identity.number, pa.scalar(None, pa.large_string()))
    schema = accepted_schema(contract)
    columns: dict[str, pa.Array] = {}
    for column in contract.columns:
        values = standardised.columns[column.name]
        if column.type == "identity":
            values = keys.person_ids(numbers)
        if column.type != "phone":
            columns[column.name] = values.cast(schema.field(column.name).type)
    columns["birth_date"] = standardised.identity.birth_date
    columns |= standardised.source_columns()
    columns["is_late"] = _late(standardised, month)
    return columns


def _late(standardised: Standardised, month: Month) -> pa.Array:
    event = standardised.contract.event
    if event is None:
        return pa.array(np.zeros(len(standardised), dtype=bool))
    return pc.fill_null(
        pc.less(standardised.columns[event.name], pa.scalar(month.first_day)), False
    )


def _conserve(all_rows: int, rows: dict[str, int]) -> None:
    fates = ("header", "blank", "total", "accepted", "rejected", "voided")
    accounted = sum(rows[fate] for fate in fates)
    if accounted != all_rows:
        raise ConservationError(f"{all_rows} rows in the file, {accounted} accounted for: {rows}")


@dataclass(frozen=True)
class _Stop:
    """Why a delivery stops until a person accepts it: what was seen, and what is asked."""

    fact: str
    ask: str


def _stops(
    contract: Contract, rows: dict[str, int], counted: Counter[str], history: History
) -> list[_Stop]:
    policy = delivery_policy()
    stops = []
    before = history.previous_data_rows
    if (
        contract.kind == "snapshot"
        and before
        and abs(rows["data"] - before) > policy.volume_change * before
    ):
        when = history.previous_month.chinese if history.previous_month else "以前"
        stops.append(
            _Stop(
                f"本月数据{rows['data']}行，与{when}的{before}行相差超过{policy.volume_change:.0%}",
                "。请核对是否漏报或多报；确实如此的，请说明原因。",
            )
        )
    if contract.kind == "snapshot" and rows["voided"] == rows["data"] > 0:
        stops.append(
            _Stop(
                f"报送单位把{rows['data']}行全部作废，名册里没有人了",
                "。请核对是否误作废；确实如此的，请说明原因。",
            )
        )
    faulty = rows["rejected"] - counted["duplicate"] - counted["repeated"]
    if faulty >= policy.faulty_minimum and faulty > policy.faulty_share * rows["data"]:
        reasons = "、".join(
            f"{faults()[code].title}{count}行" for code, count in counted.most_common(3)
        )
        stops.append(
            _Stop(
                f"{rows['data']}行中有{faulty}行有误，超过{policy.faulty_share:.0%}",
                f"（{reasons}）。请改正后整份重报；确需接收的，请说明原因。",
            )
        )
    return stops


def _warning(contract: Contract, doubted: Doubted) -> str:
    sums = "；".join(
        f"{contract.column(s.total).header} = "
        + " + ".join(contract.column(p).header for p in s.parts)
        for s in contract.sums
        if (s.total, *s.parts) == doubted.columns
    )
    what = f"勾稽关系不成立（{sums}）" if sums else queries()[doubted.code].title
    return f"超过{1 - doubted.mostly:.0%}的行{what}。数据已接收，请核对后更正重报。"


def _set_aside(standardised: Standardised, verdict: RowFaults) -> pa.Table:
    import json

    bad = np.flatnonzero(verdict.first != -1)
    source = {n: v.to_pylist() for n, v in standardised.source_columns(bad).items()}
    found = [verdict.found[i] for i in verdict.first[bad].tolist()]
    headers = {c.name: c.header for c in standardised.contract.columns}
    return pa.table(
        {
            **source,
            "column": [column if column in headers else None for _, column in found],
            "header": [headers.get(column) for _, column in found],
            "fault": [code for code, _ in found],
            "value": [
                _shown(standardised, column, int(row))
                for (_, column), row in zip(found, bad, strict=True)
            ],
            "all_faults": [
                json.dumps(
                    [[code, headers.get(column)] for code, column in verdict.others[int(row)]],
                    ensure_ascii=False,
                )
                for row in bad
            ],
        },
        schema=SET_ASIDE_SCHEMA,
    )


def _shown(standardised: Standardised, column: str, row: int) -> str | None:
    if column not in standardised.raw:
        return None
    text = cells.as_text([standardised.raw[column][row]])[0].as_py()
    if text is None:
        return None
    is_number = standardised.contract.column(column).type in (
        "identity",
        "identity_reference",
        "phone",
    )
    return mask(text) if is_number else mask_numbers(text)


def _collect_sealed(
    judgement: Judgement, standardised: Standardised, people: pa.Array, good: np.ndarray
) -> None:
    kept = pa.array(good & np.asarray(people.is_valid()))
    ids = people.filter(kept).to_pylist()
    numbers = standardised.identity.number.filter(kept).to_pylist()
    judgement.identities = dict(zip(ids, numbers, strict=True))
    for column in standardised.contract.columns:
        if column.type == "phone":
            phones = standardised.columns[column.name].filter(kept).to_pylist()
            judgement.phones = {i: p for i, p in zip(ids, phones, strict=True) if p}
