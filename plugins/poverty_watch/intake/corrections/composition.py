"""What a delivery consists of: files that were sent as a whole, and the mended rows laid over them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.contracts import Contract
from poverty_watch.intake.amendments import Amendment, Place
from poverty_watch.intake.corrections.returned import ReturnedRow, read_returned
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.judgement import DeliveredFile
from poverty_watch.intake.kept import raw_path
from poverty_watch.lake.versions import AMENDMENTS, Lake
from poverty_watch.ledger.models import Delivery
from poverty_watch.months import Month
from poverty_watch.settings import Settings

LAYERS_SCHEMA = pa.schema(
    [
        ("place", pa.string()),
        ("source", pa.string()),
        ("columns", pa.string()),
        ("adopted", pa.bool_()),
        ("void", pa.bool_()),
    ]
)
FileEntry = dict[str, Any]
"""A file in the ledger's ``Delivery.files``: name, path, sha256, arrival, kind."""


@dataclass(frozen=True)
class Layer:
    """Which cells of a row are those of a correction sheet; the cells themselves are in the sheet.

    ``adopted``: the identity number is the one that was proposed. ``void``: the row is taken back.
    """

    place: Place
    source: Place
    columns: tuple[str, ...]
    adopted: bool
    void: bool = False


@dataclass(frozen=True)
class Composition:
    """The files that were sent as a whole, correction sheets, and the layers, earliest first."""

    whole: tuple[FileEntry, ...]
    sheets: tuple[FileEntry, ...]
    layers: tuple[Layer, ...] = ()

    @property
    def root(self) -> tuple[tuple[str, str], ...]:
        """Names the files that were sent as a whole: equal for all that grew out of them."""
        return tuple((str(f["name"]), str(f["sha256"])) for f in self.whole)


def composition_of(delivery: Delivery, lake: Lake) -> Composition:
    """What a settled delivery consists of."""
    is_sheet = [file.get("kind") == "correction" for file in delivery.files]
    return Composition(
        whole=tuple(f for f, sheet in zip(delivery.files, is_sheet, strict=True) if not sheet),
        sheets=tuple(f for f, sheet in zip(delivery.files, is_sheet, strict=True) if sheet),
        layers=tuple(_read_layers(lies_in(delivery, lake) / AMENDMENTS)),
    )


def lies_in(delivery: Delivery, lake: Lake) -> Path:
    """The delivery's folder in the lake."""
    month = Month.parse(delivery.month)
    if delivery.version is not None:
        return lake.folder(delivery.dataset, month, delivery.version)
    return lake.returned(delivery.dataset, month, delivery.content_sha256)


def carried_over(earlier: Composition, files: Sequence[FileEntry]) -> Composition:
    """A delivery of these files with the layers of those among them that were sent before.

    Townships that send nothing new keep what they have mended when another one sends its part again.
    """
    same = {name for name, sha256 in earlier.root if (name, sha256) in {_named(f) for f in files}}
    layers = tuple(layer for layer in earlier.layers if layer.place[0] in same)
    used = {layer.source[0] for layer in layers}
    sheets = tuple(sheet for sheet in earlier.sheets if sheet["name"] in used)
    return Composition(tuple(files), sheets, layers)


def _named(file: FileEntry) -> tuple[str, str]:
    return str(file["name"]), str(file["sha256"])


def kept(file: FileEntry, settings: Settings) -> DeliveredFile:
    """A delivered file as it is kept."""
    name, sha256 = _named(file)
    return DeliveredFile(raw_path(settings, sha256, name), name)


def amendments_of(
    found: Composition, contract: Contract, settings: Settings
) -> tuple[Amendment, ...]:
    """The cells of a composition's layers, one amendment per row.

    Raises:
        UnreadableError: a correction sheet cannot be read any more.
    """
    rows: dict[Place, ReturnedRow] = {}
    for sheet in found.sheets:
        file = kept(sheet, settings)
        returned = read_returned(file.path, file.name, contract, correction_texts())
        rows |= {(file.name, row.sheet, row.row): row for row in returned.rows}
    return amended(_amendment(layer, rows[layer.source], contract) for layer in found.layers)


def amended(layers: Iterable[Amendment]) -> tuple[Amendment, ...]:
    """Amendments laid one over another: cells that a later one does not change stay.

    Whether a row is void, the last one says: who mends a row wants it after all.
    """
    found: dict[Place, Amendment] = {}
    for later in layers:
        earlier = found.get(later.place)
        cells = {**(earlier.cells if earlier else {}), **later.cells}
        found[later.place] = Amendment(later.place, later.source, cells, later.is_void)
    return tuple(found.values())


def _amendment(layer: Layer, row: ReturnedRow, contract: Contract) -> Amendment:
    cells = {column: row.cells.get(column) for column in layer.columns}
    if layer.adopted:
        cells[contract.identity.name] = row.proposal
    return Amendment(layer.place, layer.source, cells, layer.void)


def layers_table(layers: Sequence[Layer]) -> pa.Table:
    """As `LAYERS_SCHEMA`; no cell of the sheet is in it."""
    return pa.Table.from_pylist(
        [
            {
                "place": json.dumps(layer.place, ensure_ascii=False),
                "source": json.dumps(layer.source, ensure_ascii=False),
                "columns": json.dumps(layer.columns),
                "adopted": layer.adopted,
                "void": layer.void,
            }
            for layer in layers
        ],
        schema=LAYERS_SCHEMA,
    )


def _read_layers(path: Path) -> Iterable[Layer]:
    for record in pq.read_table(path).to_pylist() if path.exists() else []:
        yield Layer(
            place=_place(record["place"]),
            source=_place(record["source"]),
            columns=tuple(json.loads(record["columns"])),
            adopted=record["adopted"],
            void=bool(record.get("void")),  # layers of before rows could be void do not say
        )


def _place(text: str) -> Place:
    file, sheet, row = json.loads(text)
    return file, sheet, row
