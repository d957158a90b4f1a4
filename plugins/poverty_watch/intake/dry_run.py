"""The verdict that intake would give on files, with nothing stored: for senders, before they send."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from poverty_watch.contracts import Catalogue, Contract, Department, load_catalogue
from poverty_watch.files import sha256_of
from poverty_watch.identity import Keyring, mask_numbers
from poverty_watch.intake.corrections.codes import mark_in
from poverty_watch.intake.inbox import READABLE, is_readable
from poverty_watch.intake.names import dataset_in, month_in, township_in
from poverty_watch.intake.policy import faults, queries
from poverty_watch.intake.submissions import Submission, submissions
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import SeenFile
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.intake.judgement import History, Judgement

Outcome = Literal["clean", "faults", "unreadable"]


class DryRunError(ValueError):
    """The check cannot begin; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class RowFault:
    """A fault of a row: where it stands in the sender's file, what is wrong, how to mend it.

    ``header`` and ``value`` are None for the row as a whole; ``value`` is masked. ``also`` names
    the row's other faults: title and header.
    """

    file: str
    sheet: str
    row: int
    header: str | None
    value: str | None
    title: str
    remedy: str
    also: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Checked:
    """The verdict on one sending: a file, or the townships' files of one dataset together.

    ``dataset``, ``title``, ``department``, ``month`` are None for a file that is nobody's dataset.
    ``rows`` counts by fate as in the ledger's Delivery; ``queries`` are what would be asked about
    rows that are taken, ``row`` 0 for a file or sheet as a whole; ``compared`` says whether earlier months
    were there to compare with.
    """

    files: tuple[str, ...]
    outcome: Outcome
    messages: tuple[str, ...]
    dataset: str | None = None
    title: str | None = None
    department: str | None = None
    month: Month | None = None
    status: str | None = None
    rows: dict[str, int] | None = None
    faults: tuple[RowFault, ...] = ()
    queries: tuple[RowFault, ...] = ()
    compared: bool = False


def check_files(
    files: Sequence[Path],
    default_month: Month,
    settings: Settings,
    ledger: Ledger | None,
    *,
    month: Month | None = None,
    department: str | None = None,
) -> list[Checked]:
    """Judge files as intake would; neither the home nor the ledger is written to.

    Args:
        files: what would be sent.
        default_month: for a file whose name says no month.
        settings: the installation, whose history and keys are read where they are there.
        ledger: for repeated rows and volumes; None compares with nothing.
        month: the month for all files, whatever their names say.
        department: its id or Chinese name; datasets of others are not recognised.

    Raises:
        DryRunError: there is no such department.
    """
    catalogue = load_catalogue()
    owners = _owners(department, catalogue)
    found: list[Checked] = []
    given: dict[tuple[Month, str], list[tuple[Path, SeenFile]]] = {}
    keys, has_keys = _keys(settings)
    for path in files:
        mark = mark_in(path) if path.is_file() and is_readable(path.name) else None
        if mark is not None:
            known = ledger if has_keys else None
            found.append(_check_correction(path, mark, owners, settings, known, keys))
            continue
        problem, dataset = _recognised(path, owners, catalogue)
        if dataset is None:
            found.append(Checked((mask_numbers(path.name),), "unreadable", (problem,)))
            continue
        about = month or month_in(path.name) or default_month
        given.setdefault((about, dataset), []).append((path, _seen(path, dataset, about)))
    for (about, dataset), sent in given.items():
        paths = {id(seen): path for path, seen in sent}
        for submission in submissions(dataset, [seen for _, seen in sent]):
            history = _history(dataset, about, settings, ledger, has_keys)
            owner = catalogue.department_of(dataset)
            found.append(_check(submission, paths, owner, about, keys, history))
        found += _replaced(dataset, sent, catalogue)
    return found


def _owners(department: str | None, catalogue: Catalogue) -> list[Department]:
    if department is None:
        return list(catalogue.departments.values())
    wanted = department.strip()
    for owner in catalogue.departments.values():
        if wanted in (owner.id, owner.title):
            return [owner]
    titles = "、".join(owner.title for owner in catalogue.departments.values())
    raise DryRunError(f"没有名为“{department}”的部门。可用的名称：{titles}。")


def _recognised(
    path: Path, owners: Sequence[Department], catalogue: Catalogue
) -> tuple[str, str | None]:
    """What a file is, or why it is nothing."""
    name = mask_numbers(path.name)
    if path.is_dir():
        return f"“{name}”是文件夹，请写文件的名称。", None
    if not path.is_file():
        return f"没有“{name}”这个文件，请检查路径和名称。", None
    if path.name.startswith((".", "~$")) or path.suffix.lower() not in READABLE:
        kinds = "、".join(READABLE)
        return f"“{name}”不是能读取的文件，收取时会跳过。请另存为 {kinds} 之一。", None
    titles = [t for owner in owners if (t := dataset_in(path.name, catalogue, owner))]
    if not titles:
        known = "、".join(c.title for owner in owners for c in owner.contracts.values())
        return (
            f"“{name}”的名称里没有数据名称，不知道是什么数据，收取时不会读取。"
            f"请在文件名中写明下列名称之一：{known}。"
        ), None
    return "", max(titles, key=lambda dataset: len(catalogue.contract(dataset).title))


def _seen(path: Path, dataset: str, month: Month) -> SeenFile:
    """The file as intake would list it; it is never added to a ledger."""
    status = path.stat()
    return SeenFile(
        month=str(month),
        path=path.name,
        sha256=sha256_of(path),
        bytes=status.st_size,
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
        arrival=1,
        dataset=dataset,
    )


def _keys(settings: Settings) -> tuple[Keyring, bool]:
    """The installation's keys, or some for this once where it has none: none are made."""
    if (settings.keys / "person.key").is_file() and (settings.keys / "seal.key").is_file():
        return Keyring.open(settings.keys), True
    return Keyring(secrets.token_bytes(32), secrets.token_bytes(32)), False


def _history(
    dataset: str, month: Month, settings: Settings, ledger: Ledger | None, has_keys: bool
) -> History | None:
    from poverty_watch.intake.steps import history_of

    # Other keys give other person ids: nobody would be found again.
    if ledger is None or not has_keys:
        return None
    with ledger.transaction() as session:
        return history_of(session, dataset, month, Lake(settings.lake))


def _check(
    submission: Submission,
    paths: dict[int, Path],
    owner: Department,
    month: Month,
    keys: Keyring,
    history: History | None,
) -> Checked:
    from poverty_watch.intake.judgement import DeliveredFile, History, judge_submission

    contract = owner.contracts[submission.dataset]
    judgement = judge_submission(
        contract,
        owner.suite_path(submission.dataset),
        [
            DeliveredFile(paths[id(file)], name)
            for file, name in zip(submission.files, submission.names, strict=True)
        ],
        submission.is_nil_return,
        month,
        keys,
        history or History([], None, None),
    )
    messages = [*judgement.messages, *([] if history else [_not_compared(contract)])]
    return Checked(
        files=tuple(mask_numbers(name) for name in submission.names),
        outcome=_outcome(judgement),
        messages=tuple(mask_numbers(message) for message in messages if message),
        dataset=submission.dataset,
        title=contract.title,
        department=owner.title,
        month=month,
        status=judgement.status,
        rows=dict(judgement.rows),
        faults=_row_faults(judgement),
        queries=_row_queries(judgement, contract),
        compared=history is not None,
    )


def _check_correction(
    path: Path,
    mark: str,
    owners: Sequence[Department],
    settings: Settings,
    ledger: Ledger | None,
    keys: Keyring,
) -> Checked:
    from poverty_watch.intake.corrections.trial import try_correction

    name = mask_numbers(path.name)
    tried = try_correction(path, mark, owners, settings, ledger, keys) if ledger else None
    if tried is None:
        told = f"“{name}”是更正表，但这里没有它要更正的那份报送，不能试校验。请直接放进收件夹。"
        return Checked((name,), "unreadable", (told,))
    judgement = tried.merged.judgement
    contract = tried.department.contracts[tried.dataset]
    return Checked(
        files=(name,),
        outcome="clean" if tried.is_taken_whole else "faults",
        messages=tuple(mask_numbers(m) for m in (*judgement.messages, *tried.told)),
        dataset=tried.dataset,
        title=contract.title,
        department=tried.department.title,
        month=tried.month,
        status=judgement.status,
        rows=dict(judgement.rows),
        faults=_row_faults(judgement),
        queries=_row_queries(judgement, contract),
        compared=True,
    )


def _not_compared(contract: Contract) -> str:
    """What the verdict does not speak of where no earlier month is known."""
    if contract.repeated_by_event:
        return "没有读到以前月份的数据：是否以前月份已报过，没有比对。"
    if contract.kind == "snapshot":
        return "没有读到以前月份的数据：行数与上月相差是否过大，没有比对。"
    return ""


def _outcome(judgement: Judgement) -> Outcome:
    if not judgement.is_readable:
        return "unreadable"
    is_clean = judgement.status in ("accepted", "nil") and not judgement.faults
    return "clean" if is_clean else "faults"


def _row_faults(judgement: Judgement) -> tuple[RowFault, ...]:
    known = faults()
    rows = []
    for row in judgement.set_aside.to_pylist():
        others = [(known[c].title, h) for c, h in json.loads(row["all_faults"])]
        first = (known[row["fault"]].title, row["header"])
        rows.append(
            RowFault(
                file=mask_numbers(row["source_file"]),
                sheet=row["source_sheet"],
                row=row["source_row"],
                header=row["header"],
                value=row["value"],
                title=first[0],
                remedy=known[row["fault"]].remedy,
                also=tuple(other for other in others if other != first),
            )
        )
    return tuple(rows)


def _row_queries(judgement: Judgement, contract: Contract) -> tuple[RowFault, ...]:
    known = queries()
    return tuple(
        RowFault(
            file=mask_numbers(row["source_file"]),
            sheet=row["source_sheet"],
            row=row["source_row"],
            header="、".join(contract.column(c).header for c in json.loads(row["columns"])) or None,
            value=None,
            title=known[row["query"]].title,
            remedy=known[row["query"]].remedy,
            also=(),
        )
        for row in judgement.queries.to_pylist()
        if row["explanation"] is None
    )


def _replaced(
    dataset: str, sent: Sequence[tuple[Path, SeenFile]], catalogue: Catalogue
) -> list[Checked]:
    """Files that a later one of the same township takes the place of."""
    read = {id(f) for s in submissions(dataset, [seen for _, seen in sent]) for f in s.files}
    title = catalogue.contract(dataset).title
    return [
        Checked(
            (mask_numbers(path.name),),
            "faults",
            (f"同时有两份{township_in(path.name)}的“{title}”，以后一份为准，这一份没有校验。",),
            dataset=dataset,
            title=title,
        )
        for path, seen in sent
        if id(seen) not in read
    ]
