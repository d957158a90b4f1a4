"""Numbered, immutable bulletins: made anew only when something that they tell has changed."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import sha256_of, written_whole
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Bulletin
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import safe_name
from poverty_watch.months import Month, Workdays
from poverty_watch.report import queries, stocks
from poverty_watch.report.clockless import clockless
from poverty_watch.report.dispatch.figures import Figures, figures
from poverty_watch.report.dispatch.policy import (
    BULLETIN,
    MUNICIPAL,
    BulletinPolicy,
    bulletin_policy,
)
from poverty_watch.report.dispatch.wording import bulletin_context, municipal_context, span
from poverty_watch.report.errors import ReportError, TemplateError
from poverty_watch.settings import REFERENCE, Settings

FOLDER, EXTRACTS = "双月调度", "部门摘要"
_DIVISIONS = REFERENCE / "divisions_530521.csv"


@dataclass(frozen=True)
class BulletinResult:
    """A bulletin's version, and whether this call made it. ``extracts``: by department's title."""

    months: tuple[Month, Month]
    number: int
    path: Path
    extracts: Mapping[str, Path]
    is_new: bool

    @property
    def summary(self) -> str:
        """What a log or a page says about it."""
        made = "已生成" if self.is_new else "与上一版内容相同，未另出新版"
        return (
            f"{span(*self.months)}双月调度通报第{self.number}版：{made}，"
            f"部门摘要{len(self.extracts)}份"
        )


@dataclass(frozen=True)
class _Text:
    """The bulletin and its extracts before they have a number."""

    found: Figures
    policy: BulletinPolicy
    county: str
    workdays: Workdays
    bulletin: Path
    municipal: Path

    def contexts(self, number: int) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        whole = bulletin_context(self.found, self.policy, self.county, self.workdays, number)
        parts = {
            line.department: municipal_context(self.found, line, self.policy, self.county, number)
            for line in self.found.departments
            if not line.is_total
        }
        return whole, parts

    @property
    def fingerprint(self) -> str:
        parts = [
            self.contexts(0),
            sha256_of(self.bulletin),
            sha256_of(self.municipal),
            queries.hashes(queries.REPORT_SQL / "bulletin"),
        ]
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()

    def documents(self, number: int) -> tuple[bytes, dict[str, bytes]]:
        whole, parts = self.contexts(number)
        as_of = datetime.combine(self.found.as_of, time())
        return (
            _rendered(self.bulletin, whole, as_of),
            {name: _rendered(self.municipal, part, as_of) for name, part in parts.items()},
        )


def make_bulletin(
    first: Month,
    last: Month,
    settings: Settings,
    ledger: Ledger,
    as_of: date,
    *,
    policy: BulletinPolicy | None = None,
    bulletin: Path = BULLETIN,
    municipal: Path = MUNICIPAL,
) -> BulletinResult:
    """Make the bulletin of two months, unless the newest version says the same already.

    Files (mode 0600) go to ``<outbox>/<last>/双月调度/``. The same reports, tasks, policy and day
    give the same bytes.

    Args:
        first: the first month.
        last: the second month, later than the first.
        settings: the installation.
        ledger: where versions are written down.
        as_of: the county's day, on which what is overdue is counted.
        policy: that of ``bulletin.yaml`` if not given.
        bulletin: the template of the bulletin.
        municipal: the template of a department's extract.

    Raises:
        ReportError: the months are not two in order, one has no report, or a template is wrong.
    """
    if not first < last:
        raise ReportError(f"双月调度要写两个月，前一个在先；{first}、{last}不是。")
    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    with ledger.transaction() as session:
        found = figures(session, settings, (first, last), as_of, load_catalogue())
        text = _Text(
            found,
            policy or bulletin_policy(),
            stocks.county_name(_DIVISIONS),
            calendar,
            bulletin,
            municipal,
        )
        newest = newest_bulletin(session, first, last)
        fingerprint = text.fingerprint
        if newest is not None and newest.fingerprint == fingerprint:
            files = _standing(settings, newest) or _write(settings, text, newest.number)
            return _result(settings, (first, last), newest.number, files, is_new=False)
        number = 1 if newest is None else newest.number + 1
        files = _write(settings, text, number)
        path, extracts = files
        session.add(
            Bulletin(
                month=str(last),
                first=str(first),
                number=number,
                as_of=as_of,
                fingerprint=fingerprint,
                path=str(path),
                manifest={
                    "reports": [
                        {"month": str(card.month), "number": card.number, "kind": card.kind}
                        for card in found.versions
                    ],
                    "policy": text.policy.model_dump(mode="json"),
                    "townships": [
                        line.township
                        for line in found.townships
                        if not line.is_total and line.township
                    ],
                    "files": {
                        str(each): sha256_of(settings.outbox / each)
                        for each in (path, *extracts.values())
                    },
                    "extracts": {name: str(each) for name, each in extracts.items()},
                },
            )
        )
        record(session, "生成双月调度通报", path.name, month=last, number=number)
        return _result(settings, (first, last), number, files, is_new=True)


def newest_bulletin(session: Session, first: Month, last: Month) -> Bulletin | None:
    """The newest version of two months' bulletin."""
    return session.scalars(
        select(Bulletin)
        .where(Bulletin.month == str(last), Bulletin.first == str(first))
        .order_by(Bulletin.number.desc())
        .limit(1)
    ).first()


_Files = tuple[Path, dict[str, Path]]


def _result(
    settings: Settings, months: tuple[Month, Month], number: int, files: _Files, *, is_new: bool
) -> BulletinResult:
    path, extracts = files
    places = {name: settings.outbox / each for name, each in extracts.items()}
    return BulletinResult(months, number, settings.outbox / path, places, is_new)


def _standing(settings: Settings, bulletin: Bulletin) -> _Files | None:
    """The version's documents, if all of them are there as they were made."""
    told = bulletin.manifest
    for place, hashed in told["files"].items():
        path = settings.outbox / place
        if not path.is_file() or sha256_of(path) != hashed:
            return None
    return Path(bulletin.path), {name: Path(place) for name, place in told["extracts"].items()}


def _write(settings: Settings, text: _Text, number: int) -> _Files:
    """Write the documents that are not there, or not as they should be; paths below the outbox."""
    whole, parts = text.documents(number)
    months = text.found.months
    folder = Path(str(months[1])) / FOLDER
    ending = f"{span(*months)}_第{number}版"
    path = folder / safe_name(f"双月调度通报_{ending}.docx")
    extracts = {
        name: folder / EXTRACTS / safe_name(f"部门摘要_{ending}_{name}.docx") for name in parts
    }
    for place, content in ((path, whole), *((extracts[name], parts[name]) for name in parts)):
        target = settings.outbox / place
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(target, mode=0o600) as beside:
            beside.touch(mode=0o600)
            beside.write_bytes(content)
    return path, extracts


def _rendered(template: Path, context: dict[str, Any], as_of: datetime) -> bytes:
    from docxtpl import DocxTemplate
    from jinja2 import Environment, StrictUndefined
    from jinja2 import TemplateError as WrongTemplate

    try:
        document = DocxTemplate(template)
        # Without escaping a village's name could break the document, or write into it.
        document.render(context, jinja_env=Environment(undefined=StrictUndefined), autoescape=True)
    except WrongTemplate as error:
        raise TemplateError(
            f"模板 {template.name} 里的花括号有误（{error}），请改正，或从发行包取回原来的模板。"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise TemplateError(
            f"模板 {template.name} 打不开（{type(error).__name__}），请用 Word 或 WPS 另存为 docx 后重试。"
        ) from None
    stream = io.BytesIO()
    document.save(stream)
    return clockless(stream.getvalue(), as_of)


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
