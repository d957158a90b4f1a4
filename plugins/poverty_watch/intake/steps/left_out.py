"""What has been delivered and does not count: said of the dataset, never passed over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.intake.names import dataset_in, name_of, township_in
from poverty_watch.intake.submissions import Submission
from poverty_watch.ledger.models import SeenFile
from poverty_watch.months import Month


def replaced_parts(
    session: Session, department: Department, dataset: str, month: Month, sent: Sequence[Submission]
) -> list[str]:
    """Sentences on part files that others have taken the place of, and on a whole file before parts."""
    title = department.contracts[dataset].title
    counted = {file.id for submission in sent for file in submission.files}
    told = [
        f"“{name_of(file.path)}”没有计入：同时收到的另一份也是{township_in(name_of(file.path))}的“{title}”，以另一份为准。"
        for file in _seen(session, department, month)
        if file.dataset == dataset and file.id not in counted
    ]
    if sent and all(township_in(name) for name in sent[-1].names):
        first = min(file.arrival for file in sent[-1].files)
        told += [
            f"以前报过全县一份“{'、'.join(whole.names)}”，后来又分乡镇报送：以分乡镇的各份为准，全县一份不再计入，请核对。"
            for whole in sent[:-1]
            if not any(township_in(name) for name in whole.names)
            and any(file.arrival > first for file in whole.files)
        ]
    return told


def unread_files(
    session: Session,
    department: Department,
    dataset: str,
    month: Month,
    catalogue: Catalogue,
) -> list[str]:
    """Sentences on files that lie there unread, for a dataset of which nothing could be read."""
    title = department.contracts[dataset].title
    unread = [file for file in _seen(session, department, month) if file.fate == "unknown"]
    named = [
        name_of(f.path)
        for f in unread
        if dataset_in(name_of(f.path), catalogue, department) == dataset
    ]
    nameless = [
        name_of(f.path)
        for f in unread
        if dataset_in(name_of(f.path), catalogue, department) is None
    ]
    told = [
        f"收到“{name}”，但这种文件不能读取，没有计入。请另存为 .xlsx 或 .csv 后重报。"
        for name in named
    ]
    if nameless and not named:
        told.append(
            f"另有{len(nameless)}个文件的名称里没有数据名称，没有读取（{'、'.join(nameless[:5])}）；"
            f"其中有“{title}”的，请在文件名中写明“{title}”后重报。"
        )
    return told


def _seen(session: Session, department: Department, month: Month) -> Sequence[SeenFile]:
    return session.scalars(
        select(SeenFile)
        .where(SeenFile.month == str(month), SeenFile.department == department.id)
        .order_by(SeenFile.id)
    ).all()
