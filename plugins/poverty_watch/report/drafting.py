"""A month's report composed from what is known now, and the documents of one of its versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import sha256_of
from poverty_watch.months import Month
from poverty_watch.report import identities, provenance, queries, sources, stocks
from poverty_watch.report.briefing import TEMPLATE as BRIEFING
from poverty_watch.report.briefing import briefing_context, briefing_docx
from poverty_watch.report.content import Content, compose
from poverty_watch.report.facts import Facts, Fates, gather
from poverty_watch.report.ground import DIVISIONS, ground_of, stocks_of
from poverty_watch.report.places import Placed
from poverty_watch.report.printing import pdf_of
from poverty_watch.report.values import Row
from poverty_watch.report.workbook import Rendered, places_in, render
from poverty_watch.settings import Settings

Kind = Literal["draft", "recomputed"]
FILE_WORDS = {"draft": "草稿", "signed": "签发", "recomputed": "补算"}
_STATUS_WORDS = {"draft": "草稿（未签发）", "recomputed": "补算（未签发）"}
# What only a version adds to the content, so that the template can be checked before there is one.
_OF_A_VERSION = ("签发状态", "报表版本")


@dataclass(frozen=True)
class Correction:
    """What a version corrects, or a recomputed one is compared with: ``number``, why, and how.

    ``rows`` are those of the difference sheet; None where the older version was not kept.
    """

    number: int
    told: str
    reason: str
    rows: list[Row] | None


@dataclass(frozen=True)
class Made:
    """The documents of a version: files by name, the workbook first; its values and their places."""

    files: Mapping[str, bytes]
    singles: Mapping[str, str]
    tables: Mapping[str, list[Row]]
    places: Mapping[str, Placed]


@dataclass(frozen=True)
class Draft:
    """A report that is composed but not numbered yet."""

    facts: Facts
    content: Content
    kind: Kind
    template: Path
    briefing: Path = BRIEFING

    @property
    def month(self) -> Month:
        """The month monitored."""
        return self.facts.month

    @property
    def fingerprint(self) -> str:
        """Of everything that the report shows and of what it was made with."""
        parts = [
            self.kind,
            self.facts.screening.fingerprint,
            self.content.sha256(),
            *(sha256_of(path) if path.exists() else "" for path in (self.template, self.briefing)),
            queries.hashes(),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def made(self, number: int, signed_by: str | None, correction: Correction | None) -> Made:
        """The documents of one version; the same values give the same bytes.

        Raises:
            TemplateError: a template lacks names or asks for what there is not.
        """
        singles, tables = self._values(number, signed_by, correction)
        made = self.workbook(number, signed_by, correction)
        word = FILE_WORDS["signed" if signed_by is not None else self.kind]
        ending = f"_{self.month.chinese}_第{number}版_{word}"
        files = {f"月报表{ending}.xlsx": made.content}
        document = briefing_docx(
            self.briefing, briefing_context(singles, tables), self._as_of, f"{self.month}/{number}"
        )
        footer = f"{self.month.chinese}防止返贫监测简报　第{number}版（{word}）"
        files[f"简报{ending}.docx"] = document
        files[f"简报{ending}.pdf"] = pdf_of(document, footer)
        return Made(files, singles, tables, made.places)

    def workbook(
        self, number: int, signed_by: str | None, correction: Correction | None
    ) -> Rendered:
        """The workbook of one version alone.

        Raises:
            TemplateError: the template lacks names or asks for what there is not.
        """
        singles, tables = self._values(number, signed_by, correction)
        return render(
            self.template,
            singles,
            tables,
            self._as_of,
            sources.source_rows(self.facts, load_catalogue()),
            identifier=f"{self.month}/{number}",
        )

    @property
    def _as_of(self) -> datetime:
        return datetime.combine(self.month.last_day, time())

    def _values(
        self, number: int, signed_by: str | None, correction: Correction | None
    ) -> tuple[dict[str, str], dict[str, list[Row]]]:
        status = _STATUS_WORDS[self.kind]
        if signed_by is not None:
            again = "补算，" if self.kind == "recomputed" else ""
            status = f"{again}已签发　签发人：{signed_by}"
        singles = self.content.singles | {"签发状态": status, "报表版本": f"第{number}版"}
        tables = self.content.tables
        if correction is not None and correction.rows is not None:
            singles |= {"更正对象": correction.told, "更正原因": f"原因：{correction.reason}"}
            tables = tables | {"更正": correction.rows}
        return singles, tables

    def places(self) -> dict[str, Placed]:
        """Where the tables will stand, whatever number the version gets.

        Raises:
            TemplateError: the template lacks names or asks for what there is not.
        """
        singles = self.content.singles | dict.fromkeys(_OF_A_VERSION, "")
        return places_in(self.template, singles, self.content.tables)

    def manifest(self, files: Mapping[str, str], correction: Correction | None) -> dict[str, Any]:
        """What a version was made from; ``files`` are its files with their SHA-256."""
        screening = self.facts.screening
        told: dict[str, Any] = {
            "base": self.kind,
            "screening": screening.fingerprint,
            "deliveries": screening.inputs,
            "serving": screening.serving,
            "checks": screening.checks,
            "datasets": {
                dataset: {"status": fate.status, "version": fate.version}
                for dataset, fate in sorted(self.facts.fates.items())
            },
            "template": sha256_of(self.template),
            "briefing": sha256_of(self.briefing),
            "queries": queries.hashes(),
            "program": provenance.program(),
            "calendar": provenance.calendar(),
            "files": dict(files),
            "closing": self.content.closing,
            "differences": self.content.differences,
        }
        if correction is not None:
            which = "compared_with" if self.kind == "recomputed" else "corrects"
            told[which] = {
                "number": correction.number,
                "reason": correction.reason,
                "told": correction.told,
                "cells": None if correction.rows is None else len(correction.rows),
            }
        return told


def composed(
    session: Session,
    month: Month,
    settings: Settings,
    kind: Kind,
    template: Path,
    briefing: Path = BRIEFING,
    then: Fates | None = None,
) -> Draft:
    """Compose a month's report and check that its figures agree.

    ``then``: the fates of datasets that it is to show instead of today's.

    Raises:
        ReportError: the month is not screened, or figures do not agree.
        TemplateError: figures do not agree, and the template that should name their cells is wrong.
    """
    facts = gather(session, month, is_recomputed=kind == "recomputed", then=then)
    ground = ground_of(facts, settings)
    with queries.opened():
        counted = stocks_of(facts, ground)
        content = compose(facts, counted, ground, load_catalogue(), stocks.county_name(DIVISIONS))
    draft = Draft(facts, content, kind, template, briefing)
    identities.check(counted, content.tables, _Cells(draft).address)
    return draft


class _Cells:
    """Finds the address of a broken cell; reads the template only when one is asked for."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._places: dict[str, Placed] | None = None

    def address(self, broken: identities.Broken) -> str | None:
        if self._places is None:
            self._places = self._draft.places()
        rows = self._draft.content.tables.get(broken.table, [])
        for number, row in enumerate(rows):
            if all(row.get(field) == value for field, value in broken.row.items()):
                return self._places[broken.table].address(number, broken.field)
        return None
