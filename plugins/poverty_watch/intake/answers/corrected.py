"""What became of each row of a correction sheet: for the receipt, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from poverty_watch.contracts import Contract
from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Place
from poverty_watch.intake.answers.telling import shown
from poverty_watch.intake.corrections.composition import (
    Composition,
    amendments_of,
    composition_of,
    kept,
    lies_in,
)
from poverty_watch.intake.corrections.fates import KeptFate, read_fates
from poverty_watch.intake.corrections.returned import ReturnedRow, read_returned
from poverty_watch.intake.corrections.texts import CorrectionTexts
from poverty_watch.intake.judgement import read_delivered
from poverty_watch.intake.policy import faults
from poverty_watch.intake.standardise import Standardised, standardise
from poverty_watch.lake.versions import CORRECTION, Lake
from poverty_watch.ledger.models import Delivery
from poverty_watch.months import Month
from poverty_watch.settings import Settings


@dataclass(frozen=True)
class CellChange:
    """A cell that the sender has changed: as handed out, as sent back, as it stands."""

    header: str
    before: str
    sent: str
    stands: str
    is_conflict: bool


@dataclass(frozen=True)
class CorrectedRow:
    """A row of a correction sheet and what became of it; ``place`` is that of its origin."""

    sheet: str
    row: int
    place: Place | None
    title: str
    sentence: str
    tone: str
    is_adopted: bool
    changes: tuple[CellChange, ...]


def corrected_rows(
    delivery: Delivery,
    base: Delivery | None,
    all_deliveries: Sequence[Delivery],
    contract: Contract,
    month: Month,
    keys: Keyring,
    settings: Settings,
    texts: CorrectionTexts,
) -> list[CorrectedRow]:
    """The rows of a settled correction, in the order of its sheet.

    Args:
        delivery: the correction.
        base: the delivery that it was merged into.
        all_deliveries: of the dataset and month, to find those that the rows were handed out with.
        contract: of the dataset.
        month: that it is about.
        keys: the installation's.
        settings: the installation.
        texts: words for the fates.
    """
    lake = Lake(settings.lake)
    fates = read_fates(lies_in(delivery, lake) / CORRECTION)
    sheet = kept(delivery.files[-1], settings)
    returned = {
        (row.sheet, row.row): row
        for row in read_returned(sheet.path, sheet.name, contract, texts).rows
    }
    reader = _Reader(contract, month, keys, settings, lake)
    by_content = {d.content_sha256: d for d in all_deliveries}
    changed = [fate for fate in fates if fate.columns or fate.conflicts]
    before: dict[Place, Mapping[str, Any]] = {}
    for content in {fate.content for fate in changed if fate.content}:
        places = [f.issued for f in changed if f.content == content and f.issued]
        before |= reader.cells(by_content[content], places, delivered=False)
    places = [fate.delivered for fate in changed if fate.delivered]
    stands = reader.cells(base, places, delivered=True) if base is not None else {}
    return [
        _row(fate, returned[fate.sheet, fate.row], before, stands, contract, texts)
        for fate in fates
    ]


class _Reader:
    """Reads deliveries as they stand, each once."""

    def __init__(
        self, contract: Contract, month: Month, keys: Keyring, settings: Settings, lake: Lake
    ) -> None:
        self._contract, self._month, self._keys = contract, month, keys
        self._settings, self._lake = settings, lake

    def cells(
        self, delivery: Delivery, places: Sequence[Place], *, delivered: bool
    ) -> dict[Place, Mapping[str, Any]]:
        """The cells of rows that stand, or were delivered, at these places."""
        if not places:
            return {}
        rows = self._rows(composition_of(delivery, self._lake))
        at = (rows.delivered if delivered else rows.places).positions(places)
        return {
            place: {name: values[position] for name, values in rows.raw.items()}
            for place, position in at.items()
        }

    def _rows(self, found: Composition) -> Standardised:
        files = [kept(file, self._settings) for file in found.whole]
        read, _ = read_delivered(files, self._contract, self._month, self._keys)
        amendments = amendments_of(found, self._contract, self._settings)
        return standardise(self._contract, read, self._month, self._keys, amendments)


def _row(
    fate: KeptFate,
    row: ReturnedRow,
    before: Mapping[Place, Mapping[str, Any]],
    stands: Mapping[Place, Mapping[str, Any]],
    contract: Contract,
    texts: CorrectionTexts,
) -> CorrectedRow:
    words = texts.fates[fate.fate]
    identity = contract.identity.name
    old = before.get(fate.issued, {}) if fate.issued else {}
    now = stands.get(fate.delivered, {}) if fate.delivered else {}
    names = dict.fromkeys([*fate.columns, *fate.conflicts])
    changes = []
    for name in names:
        cell = row.proposal if fate.adopted and name == identity else row.cells.get(name)
        sent = shown(cell) if name in fate.columns else ""
        changes.append(
            CellChange(
                header=contract.column(name).header,
                before=shown(old.get(name)),
                sent=sent,
                stands=sent if fate.applied else shown(now.get(name)),
                is_conflict=name in fate.conflicts,
            )
        )
    fault = faults()[fate.fault].title if fate.fault else ""
    return CorrectedRow(
        sheet=fate.sheet,
        row=fate.row,
        place=fate.issued,
        title=words.title,
        sentence=words.sentence.format(fault=fault),
        tone=words.tone,
        is_adopted=fate.adopted,
        changes=tuple(changes),
    )
