"""The three steps of a department's month: fetch, validate, settle. Each may be repeated."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Contract, Department, load_catalogue
from poverty_watch.files import folder_written_whole, sha256_of, written_whole
from poverty_watch.identity import Keyring, mask_numbers
from poverty_watch.intake.inbox import InboxFile, files_of, unclaimed_folders
from poverty_watch.intake.policy import policy_sha256
from poverty_watch.intake.sources.interface import Source
from poverty_watch.intake.sources.spool import collect, spooled_files, taken_again
from poverty_watch.intake.submissions import Submission, submissions
from poverty_watch.lake.versions import ACCEPTED, SET_ASIDE, Lake
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES, in_force
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import DatasetMonth, Delivery, SeenFile, StoppedDecision
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.intake.judgement import History

_OUTCOME = "outcome.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What a step did, as one Chinese line for the log and the grid."""

    summary: str


def delivered(
    department_id: str, month: Month, settings: Settings, source: Source | None = None
) -> bool:
    """Whether every dataset that the department owes has arrived.

    A dataset of which a source has no row yet has not: the rows may still come.

    Raises:
        SourceError: the department's source could not be reached or read.
    """
    catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    arrived = collect(month, department, settings, source)
    found = {file.dataset for file in _files(month, department, settings, catalogue)}
    return set(department.contracts) <= found - arrived.empty


def _files(
    month: Month, department: Department, settings: Settings, catalogue: Catalogue
) -> list[InboxFile]:
    """What lies in the inbox; for a department with a source, what that brought as well."""
    if department.card.arrives.way != "inbox" and not settings.inbox.is_dir():
        return spooled_files(month, department, settings, catalogue)
    return [
        *files_of(settings.inbox, month, department, catalogue),
        *spooled_files(month, department, settings, catalogue),
    ]


def unclaimed(month: Month, settings: Settings) -> list[str]:
    """Names in the month's inbox folder that belong to no department."""
    return unclaimed_folders(settings.inbox, month, load_catalogue())


def raw_path(settings: Settings, sha256: str, name: str) -> Path:
    """Where a delivered file is kept, byte for byte."""
    return settings.raw / sha256[:2] / f"{sha256}{Path(name).suffix.lower()}"


def fetch(
    department_id: str,
    month: Month,
    settings: Settings,
    ledger: Ledger,
    source: Source | None = None,
    *,
    ask_again: bool = True,
) -> Step:
    """Keep every file that the department has delivered, and list the ones not read.

    Args:
        department_id: the department.
        month: the month that the files are about.
        settings: the installation.
        ledger: its ledger.
        source: where the department's data are taken from, if its contract says so.
        ask_again: whether a source is asked that has been asked for this month before.

    Raises:
        InboxError: there is no inbox.
        SourceError: the department's source could not be reached or read.
    """
    catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    arrived = collect(month, department, settings, source, ask_again=ask_again)
    files = _files(month, department, settings, catalogue)
    hashed = [
        (file, None if file.source.is_symlink() else sha256_of(file.source)) for file in files
    ]
    for file, sha256 in hashed:
        if sha256 is not None and file.dataset is not None:
            _keep_raw(file, raw_path(settings, sha256, file.name))
    with ledger.transaction() as session:
        seen = list(
            session.execute(
                select(SeenFile.path, SeenFile.sha256)
                .where(SeenFile.month == str(month), SeenFile.department == department_id)
                .order_by(SeenFile.arrival, SeenFile.id)
            ).tuples()
        )
        known = set(seen)
        fresh = [(file, sha or "") for file, sha in hashed if (file.path, sha or "") not in known]
        arrival = 1 + (
            session.scalar(
                select(func.max(SeenFile.arrival)).where(
                    SeenFile.month == str(month), SeenFile.department == department_id
                )
            )
            or 0
        )
        fresh += taken_again(hashed, seen, arrival)
        for file, sha256 in fresh:
            session.add(_seen(file, sha256, department, month, arrival))
        if fresh:
            record(
                session, "收到文件", department.title, month=month, files=[f.path for f, _ in fresh]
            )
    unread = [file.name for file, _ in hashed if file.dataset is None and not file.ignored]
    extra = f"；未识别、未读取：{'、'.join(unread)}" if unread else ""
    extra += "".join(f"；{remark}" for remark in arrived.remarks)
    return Step(f"{department.title}：{len(files)}个文件，新到{len(fresh)}个{extra}")


def _keep_raw(file: InboxFile, target: Path) -> None:
    if not target.exists():
        with written_whole(target, mode=0o600) as beside:
            shutil.copyfile(file.source, beside)


def _seen(
    file: InboxFile, sha256: str, department: Department, month: Month, arrival: int
) -> SeenFile:
    status = file.source.lstat()
    fate = "ignored" if file.ignored else "unknown" if file.dataset is None else "waiting"
    return SeenFile(
        month=str(month),
        department=department.id,
        path=file.path,
        sha256=sha256,
        bytes=status.st_size,
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
        arrival=arrival,
        dataset=file.dataset,
        fate=fate,
    )


def _submissions(
    session: Session, department: Department, month: Month
) -> dict[str, list[Submission]]:
    files = list(
        session.scalars(
            select(SeenFile).where(
                SeenFile.month == str(month),
                SeenFile.department == department.id,
                SeenFile.dataset.is_not(None),
            )
        )
    )
    return {
        dataset: submissions(dataset, [f for f in files if f.dataset == dataset])
        for dataset in department.contracts
    }


def _settled(session: Session, submission: Submission, month: Month) -> Delivery | None:
    return session.scalar(
        select(Delivery).where(
            Delivery.month == str(month),
            Delivery.dataset == submission.dataset,
            Delivery.content_sha256 == submission.content_sha256,
        )
    )


def _is_to_be_judged(
    session: Session, submission: Submission, department: Department, month: Month
) -> bool:
    delivery = _settled(session, submission, month)
    if delivery is None:
        return True
    stopped = delivery.status not in IN_FORCE
    return stopped and delivery.policy_sha256 != _basis(session, submission, department, month)


def _decision(session: Session, submission: Submission, month: Month) -> StoppedDecision | None:
    """What a person has decided about a submission that stopped."""
    delivery = _settled(session, submission, month)
    return session.get(StoppedDecision, delivery.id) if delivery else None


def _basis(session: Session, submission: Submission, department: Department, month: Month) -> str:
    """Names what a submission is judged by: the policy files, and a person's decision."""
    policy = policy_sha256(department, submission.dataset)
    if _decision(session, submission, month) is None:
        return policy
    return hashlib.sha256(f"{policy}:stops waived".encode()).hexdigest()


def _work_folder(settings: Settings, submission: Submission, month: Month) -> Path:
    return settings.work / str(month) / submission.dataset / submission.content_sha256


def validate(department_id: str, month: Month, settings: Settings, ledger: Ledger) -> Step:
    """Judge every submission that is not settled yet; a failing one does not stop the others.

    Raises:
        ExceptionGroup: submissions that could not be judged, after all others were.
    """
    department = load_catalogue().departments[department_id]
    with ledger.transaction() as session:
        waiting = [
            submission
            for per_dataset in _submissions(session, department, month).values()
            for submission in per_dataset
            if _is_to_be_judged(session, submission, department, month)
        ]
    failures: list[Exception] = []
    for submission in waiting:
        try:
            _judge(submission, department, month, settings, ledger)
        except Exception as error:
            log.exception("%s of %s could not be judged", submission.dataset, month)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{department.title}：有数据集校验时出错", failures)
    return Step(
        f"{department.title}：校验{len(waiting)}份新报送"
        if waiting
        else f"{department.title}：没有新的报送"
    )


def _judge(
    submission: Submission, department: Department, month: Month, settings: Settings, ledger: Ledger
) -> None:
    from poverty_watch.intake.judgement import DeliveredFile, judge_submission

    contract = department.contracts[submission.dataset]
    keys = Keyring.open(settings.keys)
    with ledger.transaction() as session:
        history = history_of(session, submission.dataset, month, Lake(settings.lake))
        basis = _basis(session, submission, department, month)
        stops_waived = _decision(session, submission, month) is not None
    files = [
        DeliveredFile(raw_path(settings, f.sha256, name), name)
        for f, name in zip(submission.files, submission.names, strict=True)
    ]
    judgement = judge_submission(
        contract,
        department.suite_path(submission.dataset),
        files,
        submission.is_nil_return,
        month,
        keys,
        history,
        stops_waived=stops_waived,
    )
    with ledger.transaction() as session:
        seal_identities(session, keys, judgement.identities)
        seal_phones(session, keys, judgement.phones)
    with folder_written_whole(_work_folder(settings, submission, month)) as beside:
        pq.write_table(judgement.accepted, beside / ACCEPTED, compression="zstd")
        pq.write_table(judgement.set_aside, beside / SET_ASIDE)
        outcome = {
            "policy_sha256": basis,
            "status": judgement.status,
            "rows": judgement.rows,
            "faults": judgement.faults,
            "messages": judgement.messages,
        }
        (beside / _OUTCOME).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


def history_of(session: Session, dataset: str, month: Month, lake: Lake) -> History:
    """What earlier months hold of a dataset."""
    from poverty_watch.intake.judgement import History

    earlier = [d for d in in_force(session, month - 1) if d.dataset == dataset]
    previous = _previous_volume(session, dataset, month)
    return History(
        earlier_accepted=[lake.accepted(d.dataset, d.month, d.version) for d in earlier],
        previous_data_rows=previous[1] if previous else None,
        previous_month=previous[0] if previous else None,
    )


def _previous_volume(session: Session, dataset: str, month: Month) -> tuple[Month, int] | None:
    row = session.execute(
        select(DatasetMonth.month, Delivery.data_rows)
        .join(Delivery, DatasetMonth.delivery_id == Delivery.id)
        .where(DatasetMonth.dataset == dataset, DatasetMonth.month < str(month))
        .order_by(DatasetMonth.month.desc())
        .limit(1)
    ).first()
    return (Month.parse(row[0]), row[1]) if row else None


def settle(
    department_id: str,
    month: Month,
    settings: Settings,
    ledger: Ledger,
    *,
    earlier_step_failed: bool = False,
) -> Step:
    """Write down what became of each dataset: new versions into the lake, the rest into the ledger.

    After a step that failed nothing is called missing: nobody knows whether it was delivered.
    """
    catalogue: Catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    lines = []
    for dataset, contract in department.contracts.items():
        with ledger.transaction() as session:
            fate = _settle_dataset(
                session, dataset, contract, department, month, settings, earlier_step_failed
            )
            lines.append(f"{contract.title}{STATUS_TITLES[fate]}")
    return Step(f"{department.title}：" + "，".join(lines))


def judge_decided(dataset: str, month: Month, settings: Settings, ledger: Ledger) -> str:
    """Judge and settle what of one dataset waits for it, after a person's decision.

    Another submission that cannot be judged does not stop the one that was decided about.

    Returns:
        What became of the dataset, as in the ledger's DatasetMonth.
    """
    department = load_catalogue().department_of(dataset)
    with ledger.transaction() as session:
        waiting = [
            (submission, _decision(session, submission, month) is not None)
            for submission in _submissions(session, department, month)[dataset]
            if _is_to_be_judged(session, submission, department, month)
        ]
    for submission, is_decided in waiting:
        try:
            _judge(submission, department, month, settings, ledger)
        except Exception:
            if is_decided:
                raise
            log.exception("%s of %s could not be judged", dataset, month)
    with ledger.transaction() as session:
        contract = department.contracts[dataset]
        return _settle_dataset(session, dataset, contract, department, month, settings, False)


def _settle_dataset(
    session: Session,
    dataset: str,
    contract: Contract,
    department: Department,
    month: Month,
    settings: Settings,
    earlier_step_failed: bool,
) -> str:
    sent = _submissions(session, department, month)[dataset]
    messages: list[str] = []
    in_force_delivery: Delivery | None = None
    broken = earlier_step_failed and not sent
    if broken:
        messages.append("收取文件时出错，是否报送尚不清楚，请联系系统管理员。")
    for submission in sent:
        delivery = _settled(session, submission, month)
        if _is_to_be_judged(session, submission, department, month):
            delivery = _settle_submission(
                session, submission, delivery, department, month, settings
            )
        if delivery is None:
            broken = True
            messages.append(
                f"{'、'.join(submission.names)}：处理时出错，请联系系统管理员，不必重报。"
            )
            continue
        messages += [f"{m}" for m in delivery.messages]
        if delivery.status in IN_FORCE:
            in_force_delivery = delivery
        elif in_force_delivery is not None:
            messages.append(f"后来的{'、'.join(submission.names)}被整份退回，仍以先前接收的为准。")
    if len({s.content_sha256 for s in sent}) > 1 and in_force_delivery is not None:
        kept = "、".join(str(file["name"]) for file in in_force_delivery.files)
        messages.append(
            f"本月共收到{len(sent)}份“{contract.title}”，以“{kept}”为准，其余留存备查。"
        )
    status = (
        in_force_delivery.status
        if in_force_delivery
        else "error"
        if broken
        else "rejected"
        if sent
        else "missing"
    )
    # A file's name may hold a number too.
    messages = [mask_numbers(message) for message in messages]
    _write_fate(session, dataset, department, month, status, in_force_delivery, messages)
    return status


def _settle_submission(
    session: Session,
    submission: Submission,
    stopped_before: Delivery | None,
    department: Department,
    month: Month,
    settings: Settings,
) -> Delivery | None:
    folder = _work_folder(settings, submission, month)
    if not (folder / _OUTCOME).exists():
        return stopped_before
    outcome = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
    if outcome["policy_sha256"] != _basis(session, submission, department, month):
        return stopped_before
    decision = _decision(session, submission, month)
    if decision is not None and outcome["status"] in IN_FORCE:
        outcome["messages"].insert(0, decision.sentence)
    rows: dict[str, int] = outcome["rows"]
    lake = Lake(settings.lake)
    manifest = {
        "content_sha256": submission.content_sha256,
        "files": submission.names,
        "rows": rows,
    }
    version = None
    if outcome["status"] in IN_FORCE:
        version = 1 + (
            session.scalar(
                select(func.max(Delivery.version)).where(
                    Delivery.month == str(month), Delivery.dataset == submission.dataset
                )
            )
            or 0
        )
        lake.adopt(submission.dataset, month, version, folder, manifest)
    else:
        set_aside = pq.read_table(folder / SET_ASIDE)
        lake.write_returned(
            submission.dataset, month, submission.content_sha256, set_aside, manifest
        )
    delivery = stopped_before or Delivery(
        month=str(month),
        dataset=submission.dataset,
        department=department.id,
        content_sha256=submission.content_sha256,
    )
    judged = dict(
        policy_sha256=outcome["policy_sha256"],
        status=outcome["status"],
        version=version,
        faults=outcome["faults"],
        files=[
            {"name": name, "path": f.path, "sha256": f.sha256, "arrival": f.arrival}
            for f, name in zip(submission.files, submission.names, strict=True)
        ],
        messages=[mask_numbers(message) for message in outcome["messages"]],
        **{f"{name}_rows": count for name, count in rows.items()},
    )
    for name, value in judged.items():
        setattr(delivery, name, value)
    session.add(delivery)
    session.flush()
    for file in submission.files:
        file.fate = "settled"
    record(
        session,
        "判定报送",
        submission.dataset,
        month=month,
        status=outcome["status"],
        version=version,
        rows=rows,
    )
    return delivery


def _write_fate(
    session: Session,
    dataset: str,
    department: Department,
    month: Month,
    status: str,
    delivery: Delivery | None,
    messages: list[str],
) -> None:
    fate = session.get(DatasetMonth, (str(month), dataset))
    delivery_id = delivery.id if delivery else None
    if fate and (fate.status, fate.delivery_id, fate.messages) == (status, delivery_id, messages):
        return
    if fate is None:
        fate = DatasetMonth(month=str(month), dataset=dataset, department=department.id)
        session.add(fate)
    fate.status, fate.delivery_id, fate.messages = status, delivery_id, messages
    fate.updated_at = datetime.now(UTC)
