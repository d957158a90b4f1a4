"""Judge a correction sheet: merge what came back into the delivery that stands, and judge it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Contract, Department, load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Amendment, Place
from poverty_watch.intake.corrections.codes import content_of
from poverty_watch.intake.corrections.composition import (
    Composition,
    FileEntry,
    Layer,
    amended,
    amendments_of,
    composition_of,
    kept,
    lies_in,
)
from poverty_watch.intake.corrections.fates import FATES_SCHEMA, table_of
from poverty_watch.intake.corrections.issued import handed_out
from poverty_watch.intake.corrections.merging import HandedOut, RowFate, merge
from poverty_watch.intake.corrections.returned import Returned, ReturnedRow, read_returned
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.judgement import (
    SET_ASIDE_SCHEMA,
    DeliveredFile,
    History,
    Judgement,
    judge_amended,
    read_delivered,
)
from poverty_watch.intake.policy import faults as fault_reasons
from poverty_watch.intake.queries import Explaining
from poverty_watch.intake.sheets import UnreadableError
from poverty_watch.intake.standardise import ReadFile, Standardised, standardise
from poverty_watch.lake.versions import SET_ASIDE, Lake
from poverty_watch.ledger.deliveries import IN_FORCE
from poverty_watch.ledger.models import Correction, Delivery, StoppedDecision
from poverty_watch.months import Month
from poverty_watch.settings import Settings

SOURCES_THAT_MEND = ("database", "http")
"""Ways of arriving (`department.yaml`) of departments that mend their data where they are kept."""


@dataclass
class Merged:
    """A judged correction: the merged delivery, and what became of the sheet's rows.

    ``base`` is the delivery that it was merged into, None if there is none; ``files`` and ``layers``
    are what the merged delivery consists of; ``fates`` as `FATES_SCHEMA`, ``counts`` by fate.
    """

    judgement: Judgement
    files: list[FileEntry]
    base: Delivery | None = None
    layers: list[Layer] = field(default_factory=list)
    fates: pa.Table = field(default_factory=FATES_SCHEMA.empty_table)
    counts: dict[str, int] = field(default_factory=dict)


def judge_correction(
    file: DeliveredFile,
    sheet: FileEntry,
    department: Department,
    dataset: str,
    month: Month,
    earlier: Sequence[Delivery],
    session: Session,
    settings: Settings,
    keys: Keyring,
    history: History,
    *,
    stops_waived: bool = False,
) -> Merged:
    """Merge a correction sheet into the dataset's delivery and judge the whole.

    Args:
        file: the returned sheet.
        sheet: the same as the ledger lists it.
        department: whose it is.
        dataset: which it is about.
        month: which it is about.
        earlier: the dataset's settled deliveries of the month that came before it, in order.
        session: to look things up; nothing is written.
        settings: the installation.
        keys: its keys.
        history: what earlier months hold.
        stops_waived: a person has accepted what would stop it.
    """
    contract = department.contracts[dataset]
    try:
        returned = read_returned(file.path, file.name, contract, correction_texts())
    except UnreadableError as error:
        return _nothing(sheet, [str(error)], [])
    desk = _Desk(contract, month, session, settings, keys, list(earlier))
    contents = {content_of(row.code) for row in returned.rows if row.code}
    bases = [d for d in desk.earlier if any(d.content_sha256.startswith(c) for c in contents)]
    standing = desk.standing(bases)
    if standing is None:
        fates = [_unattached(row, desk) for row in returned.rows]
        told = _told(file.name, fates, returned) + desk.told_of_others(returned)
        return _nothing(sheet, told, fates)
    own = {**sheet, "name": _name_of_its_own(file.name, standing)}
    try:
        work = _Merging(own, department, contract, month, keys, desk, returned, bases, standing)
    except (UnreadableError, LookupError):
        gone = [RowFate(row, "gone") for row in returned.rows]
        return _nothing(sheet, [correction_texts().unreadable_base], gone, standing)
    waived = stops_waived or desk.is_waived(standing)
    return work.run(department.suite_path(dataset), history, waived)


def _unattached(row: ReturnedRow, desk: _Desk) -> RowFate:
    if row.code is None:
        return RowFate(row, "no_code")
    return RowFate(row, "elsewhere" if desk.is_elsewhere(row.code) else "bad_code")


def _name_of_its_own(name: str, standing: Delivery) -> str:
    """The sheet's name, or one like it where rows of the delivery refer to another file by that."""
    taken = {str(file["name"]) for file in standing.files}
    path = Path(name)
    names = (name, *(f"{path.stem}（{n}）{path.suffix}" for n in range(2, 1000)))
    return next(one for one in names if one not in taken)


def _nothing(
    sheet: FileEntry, messages: list[str], fates: list[RowFate], base: Delivery | None = None
) -> Merged:
    """A correction that changes nothing: what stands goes on standing."""
    return Merged(
        Judgement(
            status="rejected",
            accepted=SET_ASIDE_SCHEMA.empty_table(),
            set_aside=SET_ASIDE_SCHEMA.empty_table(),
            rows={"data": 0},
            faults={},
            messages=messages,
        ),
        files=[sheet],
        base=base,
        fates=table_of(fates, [None] * len(fates)),
        counts=_counted(fates),
    )


def _counted(fates: Sequence[RowFate]) -> dict[str, int]:
    return dict(sorted(Counter(fate.fate or "unchanged" for fate in fates).items()))


def _told(name: str, fates: Sequence[RowFate], returned: Returned) -> list[str]:
    titles = {code: fate.title for code, fate in correction_texts().fates.items()}
    counts = Counter(fate.fate for fate in fates)
    parts = [f"{title}{counts[code]}行" for code, title in titles.items() if counts[code]]
    told = [f"更正表“{name}”共{len(fates)}行：{'，'.join(parts) or '没有数据行'}。"]
    if returned.missing:
        told.append(
            f"更正表里已没有这些列：{'、'.join(returned.missing)}。这些列按没有改动处理，请核对。"
        )
    if returned.passed_over:
        sheets = "”“".join(returned.passed_over)
        told.append(f"更正表中的工作表“{sheets}”没有更正表的表头，没有读取。")
    return told


class _Desk:
    """Looks up what a correction needs to know."""

    def __init__(
        self,
        contract: Contract,
        month: Month,
        session: Session,
        settings: Settings,
        keys: Keyring,
        earlier: list[Delivery],
    ) -> None:
        self.contract, self.month, self.session = contract, month, session
        self.settings, self.keys, self.earlier = settings, keys, earlier
        self._lake = Lake(settings.lake)
        self._read: dict[Any, list[ReadFile]] = {}
        self._owners: dict[str, Delivery | None] = {}

    def standing(self, bases: Sequence[Delivery]) -> Delivery | None:
        """The delivery to be corrected: the latest that is in force, or that grew out of a base."""
        wanted = {base.id for base in bases}
        for delivery in reversed(self.earlier):
            if not delivery.was_judged:
                continue
            if delivery.status in IN_FORCE:
                return delivery
            if wanted & {d.id for d in lineage(self.session, delivery)}:
                return delivery
        return None

    def composition(self, delivery: Delivery) -> Composition:
        """What a delivery consists of."""
        return composition_of(delivery, self._lake)

    def read(self, found: Composition) -> list[ReadFile]:
        """The files that were sent as a whole, read once."""
        if found.root not in self._read:
            files = [kept(file, self.settings) for file in found.whole]
            read, problems = read_delivered(files, self.contract, self.month, self.keys)
            if problems:
                raise UnreadableError(problems[0])
            self._read[found.root] = read
        return self._read[found.root]

    def amendments(self, found: Composition) -> tuple[Amendment, ...]:
        """The cells that earlier corrections have put in."""
        return amendments_of(found, self.contract, self.settings)

    def rows(self, found: Composition) -> Standardised:
        """A delivery's rows as they stand."""
        read, amendments = self.read(found), self.amendments(found)
        rows = standardise(self.contract, read, self.month, self.keys, amendments)
        if rows.unreadable_files or not rows.has_layout:
            raise LookupError("the delivery can no longer be read by its contract")
        return rows

    def is_waived(self, delivery: Delivery) -> bool:
        """Whether a person has accepted what would stop the delivery, or what it grew out of."""
        line = lineage(self.session, delivery)
        return any(self.session.get(StoppedDecision, d.id) is not None for d in line)

    def folder(self, delivery: Delivery) -> Path:
        """Where a delivery lies in the lake."""
        return lies_in(delivery, self._lake)

    def owner_elsewhere(self, code: str | None) -> Delivery | None:
        """The delivery of another month or dataset that a code's beginning belongs to."""
        if code is None:
            return None
        start = content_of(code)
        if start not in self._owners:
            is_ours = any(d.content_sha256.startswith(start) for d in self.earlier)
            known = select(Delivery).where(Delivery.content_sha256.startswith(start)).limit(1)
            self._owners[start] = None if is_ours else self.session.scalar(known)
        return self._owners[start]

    def is_elsewhere(self, code: str | None) -> bool:
        """Whether a code is of another month or dataset."""
        return self.owner_elsewhere(code) is not None

    def told_of_others(self, returned: Returned) -> list[str]:
        """Rows of other months or datasets, and where these belong."""
        counts: Counter[tuple[str, str]] = Counter()
        for row in returned.rows:
            owner = self.owner_elsewhere(row.code)
            if owner is not None:
                counts[owner.month, owner.dataset] += 1
        titles = {d: c.title for d, c in load_catalogue().contracts.items()}
        return [
            correction_texts().of_another.format(
                count=count, month=Month.parse(month).chinese, dataset=titles.get(dataset, dataset)
            )
            for (month, dataset), count in sorted(counts.items())
        ]


def lineage(session: Session, delivery: Delivery) -> list[Delivery]:
    """A delivery and what it grew out of by corrections; the one sent as a whole comes last."""
    found = [delivery]
    while (correction := session.get(Correction, found[-1].id)) and correction.base_id is not None:
        found.append(session.get_one(Delivery, correction.base_id))
    return found


class _Merging:
    """One correction sheet on its way into the standing delivery."""

    def __init__(
        self,
        sheet: FileEntry,
        department: Department,
        contract: Contract,
        month: Month,
        keys: Keyring,
        desk: _Desk,
        returned: Returned,
        bases: Sequence[Delivery],
        standing: Delivery,
    ) -> None:
        self._sheet, self._contract, self._month, self._keys = sheet, contract, month, keys
        self._desk, self._returned, self._standing = desk, returned, standing
        self._found = desk.composition(standing)
        self._rows = desk.rows(self._found)
        self._earlier = desk.amendments(self._found)
        self._out = {
            base.content_sha256: handed_out(base, desk.folder(base), contract, keys)
            for base in bases
        }
        bases_out = {}
        for base in bases:
            found = desk.composition(base)
            rows = self._rows if base.id == standing.id else desk.rows(found)
            bases_out[base.content_sha256] = HandedOut(rows, found.root == self._found.root)
        issued = {code: i for out in self._out.values() for code, i in out.rows.items()}
        of_rows = [row for row in returned.rows if not row.is_file]
        self._fates = merge(of_rows, issued, bases_out, self._rows, contract)
        for fate in self._fates:
            if fate.fate == "bad_code" and desk.is_elsewhere(fate.row.code):
                fate.fate = "elsewhere"
            if fate.applied and department.card.arrives.way in SOURCES_THAT_MEND:
                fate.fate, fate.applied = "at_source", False
        self._file_fates = self._answers_about_files()

    def _answers_about_files(self) -> list[tuple[RowFate, tuple[str, str] | None]]:
        questions = {code: q for out in self._out.values() for code, q in out.files.items()}
        found: list[tuple[RowFate, tuple[str, str] | None]] = []
        for row in self._returned.rows:
            if row.is_file:
                question = questions.get(row.code or "")
                found.append(
                    (
                        _unattached(row, self._desk)
                        if question is None
                        else RowFate(row, "unchanged"),
                        question,
                    )
                )
        return found

    def run(self, suite: Path, history: History, stops_waived: bool) -> Merged:
        """Judge the merged delivery; a mended row that was good before and is not now stays as it was."""
        accepted_before = self._accepted_before()
        while True:
            mended = standardise(
                self._contract,
                self._desk.read(self._found),
                self._month,
                self._keys,
                amended([*self._earlier, *self._amendments()]),
            )
            judgement = judge_amended(
                mended,
                suite,
                self._month,
                self._keys,
                history,
                self._explaining(),
                stops_waived=stops_waived,
            )
            faults = _first_faults(judgement.set_aside)
            spoiled = [
                fate
                for fate in self._fates
                if fate.applied
                and fate.position in accepted_before
                and mended.places.of(fate.position) in faults
            ]
            if not spoiled:
                break
            for fate in spoiled:
                fate.fate, fate.applied = "spoiled", False
        self._finish(judgement, mended, faults)
        fates = [*self._fates, *(fate for fate, _ in self._file_fates)]
        fresh = [e for e in judgement.explained if e.key not in history.explanations]
        told = _told(str(self._sheet["name"]), fates, self._returned)
        told += self._not_returned() + self._desk.told_of_others(self._returned)
        if not fresh and not any(fate.applied for fate in fates):
            told.append(correction_texts().nothing_new)
            return _nothing(self._sheet, told, fates, self._standing)
        judgement.messages[:0] = told
        delivered = [
            None if fate.position is None else mended.delivered.of(fate.position) for fate in fates
        ]
        return Merged(
            judgement,
            files=[*self._found.whole, *self._found.sheets, {**self._sheet, "kind": "correction"}],
            base=self._standing,
            layers=[*self._found.layers, *self._layers()],
            fates=table_of(fates, delivered),
            counts=_counted(fates),
        )

    def _not_returned(self) -> list[str]:
        """Rows of the latest sheet that the sender has taken out are still to be mended."""
        codes = {row.code for row in self._returned.rows}
        latest = list(self._out.values())[-1:]
        count = sum(code not in codes for out in latest for code in out.rows)
        return [correction_texts().not_returned.format(count=count)] if count else []

    def _accepted_before(self) -> set[int]:
        path = self._desk.folder(self._standing) / SET_ASIDE
        places = self._rows.places
        faulty = set(places.positions(_places(pq.read_table(path))).values())
        gone = set(np.flatnonzero(self._rows.voided).tolist())
        return {f.position for f in self._fates if f.position is not None} - faulty - gone

    def _layers(self) -> list[Layer]:
        identity = self._contract.identity.name
        return [
            Layer(
                place=self._rows.delivered.of(fate.position),
                source=self._source(fate),
                columns=tuple(c for c in fate.columns if not (fate.adopted and c == identity)),
                adopted=fate.adopted,
                void=fate.fate == "voided",
            )
            for fate in self._fates
            if fate.applied and fate.position is not None
        ]

    def _amendments(self) -> list[Amendment]:
        return [
            Amendment(
                self._rows.delivered.of(fate.position),
                self._source(fate),
                fate.cells,
                is_void=fate.fate == "voided",
            )
            for fate in self._fates
            if fate.applied and fate.position is not None
        ]

    def _source(self, fate: RowFate) -> Place:
        return (str(self._sheet["name"]), fate.row.sheet, fate.row.row)

    def _explaining(self) -> Explaining:
        return Explaining(
            rows={
                fate.position: fate.row.explanation
                for fate in self._fates
                if fate.position is not None
                and fate.row.explanation
                and fate.fate in ("unchanged", "mended", "already")
            },
            files={
                question: fate.row.explanation
                for fate, question in self._file_fates
                if question is not None and fate.row.explanation
            },
        )

    def _finish(self, judgement: Judgement, mended: Standardised, faults: dict[Place, str]) -> None:
        """The last word on each row, now that the whole is judged."""
        explained = {
            place
            for place, text in zip(
                _places(judgement.queries),
                judgement.queries["explanation"].to_pylist(),
                strict=True,
            )
            if text is not None
        }
        for fate in self._fates:
            if fate.position is None:
                continue
            place = mended.places.of(fate.position)
            fate.fault = faults.get(place)
            if fate.applied and fate.fault is not None:
                needless = fault_reasons()[fate.fault].needless
                fate.fate = "needless" if needless else "still_faulty"
            elif fate.fate == "unchanged" and fate.row.explanation:
                if fate.fault is not None:
                    fate.fate = "explained_error"
                elif place in explained:
                    fate.fate = "explained"
        for fate, _ in self._file_fates:
            if fate.fate == "unchanged" and fate.row.explanation:
                fate.fate = "explained"


def _places(table: pa.Table) -> list[Place]:
    names = ("source_file", "source_sheet", "source_row")
    columns: list[list[Any]] = [table[name].to_pylist() for name in names]
    return list(zip(*columns, strict=True))


def _first_faults(set_aside: pa.Table) -> dict[Place, str]:
    return dict(zip(_places(set_aside), set_aside["fault"].to_pylist(), strict=True))
