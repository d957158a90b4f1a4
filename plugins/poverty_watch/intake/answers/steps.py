"""Write the answers to a department's sendings of a month."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import sha256_of
from poverty_watch.identity import Keyring
from poverty_watch.intake.answers import standing
from poverty_watch.intake.answers.findings import Findings, find
from poverty_watch.intake.answers.marked import save_marked
from poverty_watch.intake.answers.receipt import Enclosed, save_receipt
from poverty_watch.intake.answers.sendings import Sending, sendings
from poverty_watch.intake.answers.texts import AnswerTexts, answer_texts, texts_sha256
from poverty_watch.intake.kept import raw_path
from poverty_watch.intake.policy import policy_sha256
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

FOLDER = "回执"
# Raise it when the same facts are to be drawn in another way.
_DRAWING = 1
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
    marked copies of the files with faulty rows. What stands already for the same facts is left alone.
    """
    department = load_catalogue().departments[department_id]
    lake = Lake(settings.lake)
    with ledger.transaction() as session:
        by_dataset = {
            dataset: sendings(session, department, dataset, month, lake)
            for dataset in department.contracts
        }
        session.expunge_all()
    desk = _Desk(
        settings=settings,
        folder=settings.outbox / str(month) / FOLDER / department.title,
        keys=Keyring.open(settings.keys),
        texts=answer_texts(),
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
    return desk.outcome


@dataclass
class _Desk:
    """Where answers are written: one department, one month."""

    settings: Settings
    folder: Path
    keys: Keyring
    texts: AnswerTexts
    outcome: AnswersOutcome

    def answer_all(self, sent: list[Sending]) -> bool:
        """Answer a dataset's sendings; whether anything on disk has changed."""
        return any([self._answer(sending) for sending in sent])

    def _find(self, sending: Sending) -> Findings:
        if sending.set_aside is None or sending.same_as is not None:
            return Findings([], [])
        contract = sending.department.contracts[sending.dataset]
        kept = [(f.name, raw_path(self.settings, f.sha256, f.name)) for f in sending.files]
        return find(sending.set_aside, kept, contract)

    def _answer(self, sending: Sending) -> bool:
        name = self.texts.receipt_name.format(**_names(sending))
        path, fingerprint = self._record(name), _fingerprint(sending)
        if (paths := standing.stand(path, fingerprint)) is not None:
            self.outcome.paths += paths
            return False
        findings = self._find(sending)
        copies: dict[str, standing.Save] = {}
        too_large = False
        for file in findings.files if findings.have_cells else []:
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
        enclosed = Enclosed(
            copies=tuple(copies),
            too_large=too_large,
        )
        receipt = partial(
            save_receipt, sending=sending, findings=findings, enclosed=enclosed, texts=self.texts
        )
        return self._write(path, fingerprint, {name: receipt} | copies)

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


def _fingerprint(sending: Sending) -> str:
    """Names every fact that an answer is made from."""
    delivery = sending.delivery
    facts = {
        "drawing": _DRAWING,
        "texts": texts_sha256(),
        "policy": policy_sha256(sending.department, sending.dataset),
        "department": sending.department.card.model_dump(mode="json"),
        "content": delivery.content_sha256,
        "status": delivery.status,
        "version": delivery.version,
        "rows": [
            delivery.data_rows,
            delivery.accepted_rows,
            delivery.rejected_rows,
            delivery.header_rows,
            delivery.blank_rows,
            delivery.total_rows,
            delivery.late_rows,
        ],
        "faults": delivery.faults,
        "messages": delivery.messages,
        "set_aside": sha256_of(sending.set_aside) if sending.set_aside else None,
        "number": sending.number,
        "same_as": sending.same_as,
        "standing": sending.standing,
        "files": [[f.name, f.sha256, f.seen_at.isoformat()] for f in sending.files],
    }
    plain = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()
