"""Write the answers to a department's sendings of a month."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import sha256_of
from poverty_watch.identity import Keyring
from poverty_watch.intake.answers import standing
from poverty_watch.intake.answers.corrected import CorrectedRow, corrected_rows
from poverty_watch.intake.answers.correction import ToCorrect, save_correction
from poverty_watch.intake.answers.findings import Findings, find
from poverty_watch.intake.answers.marked import save_marked
from poverty_watch.intake.answers.receipt import Enclosed, save_receipt
from poverty_watch.intake.answers.results_page import page_name, page_sha256, save_page
from poverty_watch.intake.answers.sendings import Sending, sendings, to_correct
from poverty_watch.intake.answers.texts import AnswerTexts, answer_texts, texts_sha256
from poverty_watch.intake.cells import clean_text
from poverty_watch.intake.corrections.composition import composition_of
from poverty_watch.intake.corrections.texts import (
    CorrectionTexts,
    correction_texts,
    correction_texts_sha256,
)
from poverty_watch.intake.policy import policy_sha256
from poverty_watch.intake.proposals import Lost, propose
from poverty_watch.lake.versions import CHECKS, CORRECTION, QUERIES, SET_ASIDE, Lake
from poverty_watch.ledger.deliveries import InForce, in_force
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import SQL, Settings

FOLDER = "回执"
# Raise it when the same facts are to be drawn in another way.
_DRAWING = 2
_LONGEST_NAME = 200


@dataclass
class AnswersOutcome:
    """A department's answers of a month: all files, and how many were written just now."""

    title: str
    paths: list[Path] = field(default_factory=list)
    written: int = 0

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"{self.title}：回执等{len(self.paths)}个文件，其中新写{self.written}个"


def write_answers(
    department_id: str, month: Month, settings: Settings, ledger: Ledger
) -> AnswersOutcome:
    """Answer every settled sending of a department.

    Writes into ``<outbox>/<YYYY-MM>/回执/<department>/`` (files mode 0600), per sending a receipt and
    marked copies of the files with faulty rows, per dataset the correction sheet of the latest
    sending. What stands already for the same facts is left alone.
    """
    department = load_catalogue().departments[department_id]
    lake = Lake(settings.lake)
    with ledger.transaction() as session:
        by_dataset = {
            dataset: sendings(session, department, dataset, month, lake)
            for dataset in department.contracts
        }
        registers = registers_in_force(session, month)
        session.expunge_all()
    desk = _Desk(
        settings=settings,
        month=month,
        folder=settings.outbox / str(month) / FOLDER / department.title,
        keys=Keyring.open(settings.keys),
        texts=answer_texts(),
        correction=correction_texts(),
        registers=registers,
        outcome=AnswersOutcome(department.title),
    )
    fresh: list[str] = []
    for dataset, sent in by_dataset.items():
        if desk.answer_all(sent):
            fresh.append(dataset)
    if fresh:
        with ledger.transaction() as session:
            record(
                session,
                "写出回执",
                department.title,
                month=month,
                datasets=fresh,
                files=desk.outcome.written,
            )
            # Nothing was unsealed, but the sender learns numbers that it did not send whole.
            for dataset, count in desk.proposed.items():
                purpose = f"{month.chinese}{dataset}更正表：建议号码"
                record(session, "查看身份证号", purpose, month=month, count=count)
    return desk.outcome


@dataclass
class _Desk:
    """Where answers are written: one department, one month."""

    settings: Settings
    month: Month
    folder: Path
    keys: Keyring
    texts: AnswerTexts
    correction: CorrectionTexts
    registers: list[InForce]
    outcome: AnswersOutcome
    proposed: dict[str, int] = field(default_factory=dict)

    def answer_all(self, sent: list[Sending]) -> bool:
        """Answer a dataset's sendings; whether anything on disk has changed."""
        if not sent:
            return False
        current = to_correct(sent)
        found: dict[int, Findings] = {}

        def look_up(sending: Sending) -> Findings:
            if sending.number not in found:
                found[sending.number] = self._find(sending)
            return found[sending.number]

        changed = [self._answer(sending, sent, look_up, current) for sending in sent]
        return any([*changed, self._correct(current or sent[-1], look_up)])

    def _find(self, sending: Sending) -> Findings:
        if not sending.was_judged or sending.same_as is not None:
            return Findings()
        contract = sending.department.contracts[sending.dataset]
        found = composition_of(sending.delivery, Lake(self.settings.lake))
        return find(sending.folder, found, contract, self.month, self.keys, self.settings)

    def _answer(
        self,
        sending: Sending,
        sent: Sequence[Sending],
        look_up: Callable[[Sending], Findings],
        current: Sending | None,
    ) -> bool:
        name = self.texts.receipt_name.format(**_names(sending))
        path, fingerprint = self._record(name), _fingerprint(sending, "receipt")
        if (paths := standing.stand(path, fingerprint)) is not None:
            self.outcome.paths += paths
            return False
        findings = look_up(sending)
        copies: dict[str, standing.Save] = {}
        too_large = False
        # A copy of what was sent first would bring back what has been mended since.
        has_copies = findings.have_cells and not sending.is_correction
        for file in findings.files if has_copies else []:
            if file.rows > self.texts.marked_copy_rows:
                too_large = True
                continue
            copies[self._copy_name(sending, file.name, copies)] = partial(
                save_marked,
                file=file,
                rows=findings.of_file(file.name),
                sending=sending,
                texts=self.texts,
            )
        asked = self._to_correct(sending, findings)
        enclosed = Enclosed(
            copies=tuple(copies),
            too_large=too_large,
            correction=self._correction_name(sending)
            if asked is not None and sending is current
            else None,
        )
        receipt = partial(
            save_receipt,
            sending=sending,
            findings=findings,
            enclosed=enclosed,
            texts=self.texts,
            corrected=self._corrected(sending, sent),
        )
        pages: dict[str, standing.Save] = {}
        if sending.same_as is None:
            pages[page_name(sending)] = partial(save_page, sending=sending, texts=self.texts)
        return self._write(path, fingerprint, {name: receipt} | copies | pages)

    def _corrected(self, sending: Sending, sent: Sequence[Sending]) -> list[CorrectedRow]:
        """What became of the rows of the correction sheet, if the sending is one."""
        if not sending.fates or sending.same_as is not None:
            return []
        return corrected_rows(
            sending.delivery,
            sending.base,
            [one.delivery for one in sent],
            sending.department.contracts[sending.dataset],
            self.month,
            self.keys,
            self.settings,
            self.correction,
        )

    def _correct(self, sending: Sending, look_up: Callable[[Sending], Findings]) -> bool:
        """Write the dataset's correction sheet; that of an earlier sending goes."""
        path = self._record(f"更正_{sending.title}")
        fingerprint = _fingerprint(sending, "correction", self._registers_of(sending))
        if (paths := standing.stand(path, fingerprint)) is not None:
            self.outcome.paths += paths
            return False
        asked = self._to_correct(sending, look_up(sending))
        if asked is None:
            had = standing.files_of(path)
            standing.write(path, fingerprint, {})
            return bool(had)
        save = partial(
            save_correction,
            sending=sending,
            asked=self._with_proposals(sending, asked),
            keys=self.keys,
            answers=self.texts,
            texts=self.correction,
        )
        return self._write(path, fingerprint, {self._correction_name(sending): save})

    def _to_correct(self, sending: Sending, findings: Findings) -> ToCorrect | None:
        """What the correction sheet holds; None if nothing, or so much that all is to be sent again."""
        if not findings.have_cells:
            return None
        mend = {row.place for row in findings.to_mend}
        rows = [row for row in findings.rows if row.place in mend or row.queries]
        if len(rows) > self.correction.most_rows or not (rows or findings.questions):
            return None
        return ToCorrect(rows, findings.questions, findings.headers)

    def _registers_of(self, sending: Sending) -> list[InForce]:
        """The registers in which lost digits are looked for, if any were lost."""
        lost = "id_lost_digits" in sending.delivery.faults
        return self.registers if lost else []

    def _with_proposals(self, sending: Sending, asked: ToCorrect) -> ToCorrect:
        contract = sending.department.contracts[sending.dataset]
        lake = Lake(self.settings.lake)
        lost = [row for row in asked.rows if any(m.code == "id_lost_digits" for m in row.faults)]
        if not lost:
            return asked
        (name,) = (c.name for c in contract.columns if c.type == "name")
        names = clean_text([row.cells[name] for row in lost]).to_pylist()
        cells = [row.cells[contract.identity.name] for row in lost]
        proposed = propose(
            [Lost(cell, name) for cell, name in zip(cells, names, strict=True)],
            [lake.accepted(r.dataset, r.month, r.version) for r in self._registers_of(sending)],
            self.keys,
        )
        found = {row.place: p for row, p in zip(lost, proposed, strict=True) if p is not None}
        if found:
            self.proposed[sending.title] = len(found)
        return replace(asked, proposals=found)

    def _correction_name(self, sending: Sending) -> str:
        at_source = sending.is_mended_at_source
        name = self.correction.name_at_source if at_source else self.correction.name
        return name.format(**_names(sending))

    def _write(self, path: Path, fingerprint: str, files: dict[str, standing.Save]) -> bool:
        self.outcome.paths += standing.write(path, fingerprint, files)
        self.outcome.written += len(files)
        return True

    def _record(self, name: str) -> Path:
        return self.folder / f".{Path(name).stem}.json"

    def _copy_name(self, sending: Sending, file: str, taken: dict[str, Any]) -> str:
        stem = Path(file).stem
        for extra in ("", *(f"_{number}" for number in range(2, 1000))):
            names = _names(sending) | {"stem": stem + extra}
            while len((name := self.texts.marked_name.format(**names)).encode()) > _LONGEST_NAME:
                stem = stem[:-1]
                names["stem"] = stem + extra
            if name not in taken:
                return name
        raise ValueError("a sending of a thousand files with one name")


def _names(sending: Sending) -> dict[str, Any]:
    return {
        "dataset": sending.title,
        "month": sending.month.chinese,
        "number": sending.number,
    }


def registers_in_force(session: Session, month: Month) -> list[InForce]:
    """The latest accepted delivery of each register up to a month."""
    content = yaml.safe_load((SQL / "staging" / "registers.yaml").read_text(encoding="utf-8"))
    latest = {d.dataset: d for d in in_force(session, month)}
    return [latest[name] for name in content["registers"] if name in latest]


def _fingerprint(sending: Sending, kind: str, registers: Sequence[InForce] = ()) -> str:
    """Names every fact that an answer is made from."""
    delivery = sending.delivery
    facts = {
        "kind": kind,
        "drawing": _DRAWING,
        "texts": texts_sha256() + correction_texts_sha256() + page_sha256(),
        "policy": policy_sha256(sending.department, sending.dataset),
        "department": sending.department.card.model_dump(mode="json"),
        "content": delivery.content_sha256,
        "status": delivery.status,
        "version": delivery.version,
        "rows": [
            delivery.data_rows,
            delivery.accepted_rows,
            delivery.rejected_rows,
            delivery.voided_rows,
            delivery.header_rows,
            delivery.blank_rows,
            delivery.total_rows,
            delivery.late_rows,
        ],
        "faults": delivery.faults,
        "queries": delivery.open_queries,
        "messages": delivery.messages,
        "found": [
            sha256_of(path)
            for name in (SET_ASIDE, QUERIES, CORRECTION, CHECKS)
            if (path := sending.folder / name).exists()
        ],
        "number": sending.number,
        "same_as": sending.same_as,
        "standing": sending.standing,
        "files": [[f.name, f.sha256, f.seen_at.isoformat()] for f in sending.files],
        "registers": [[r.dataset, str(r.month), r.version] for r in registers],
    }
    plain = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()
