"""Write down what happened, in a chain that shows when somebody changed it afterwards.

Entries are collected during a transaction and appended as its last act: whoever appends holds the
head of the chain until the transaction ends, and waits for nothing else any more. So any number of
processes keep one chain, and none can wait for each other in a ring.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Text, cast, event, insert, select, text, update
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from poverty_watch.identity import audit_key
from poverty_watch.ledger.errors import LedgerError
from poverty_watch.ledger.models import Base, JournalEntry, JournalHead, now
from poverty_watch.months import Month

KEYS = "keys"
HEAD = 1
_PENDING = "journal"
_ENTRIES = Base.metadata.tables[JournalEntry.__tablename__]
_HEADS = Base.metadata.tables[JournalHead.__tablename__]


def record(
    session: Session,
    action: str,
    subject: str,
    *,
    month: Month | None = None,
    actor: str = "系统",
    **detail: Any,
) -> None:
    """Add one entry to the journal, in the caller's transaction: it is there once that commits."""
    if KEYS not in session.info:
        raise LookupError("the journal is written in transactions of `Ledger` alone")
    values = {
        "at": now(),
        "month": str(month) if month else None,
        "actor": actor,
        "action": action,
        "subject": subject,
        # As it will be read again: keys are text, tuples are lists.
        "detail": json.loads(json.dumps(detail)),
    }
    pending = session.info.setdefault(_PENDING, [])
    pending.append(_Pending(session.get_nested_transaction(), values))


@dataclass(frozen=True)
class _Pending:
    savepoint: SessionTransaction | None
    values: dict[str, Any]

    def is_undone_with(self, transaction: SessionTransaction) -> bool:
        outer: SessionTransaction | None = self.savepoint
        while outer is not None:
            if outer is transaction:
                return True
            outer = outer.parent
        return False


def keep_journal(sessions: sessionmaker[Session]) -> None:
    """Have these sessions append their entries when they commit."""
    event.listen(sessions, "before_commit", _append_pending)
    event.listen(sessions, "after_soft_rollback", _forget_undone)


def _forget_undone(session: Session, undone: SessionTransaction) -> None:
    pending = session.info.get(_PENDING, [])
    session.info[_PENDING] = [p for p in pending if undone.nested and not p.is_undone_with(undone)]


def _append_pending(session: Session) -> None:
    if session.in_nested_transaction():
        return
    pending = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    connection = session.connection()
    last_id, last = _locked_head(connection)
    key = chain_key(session.info[KEYS], is_begun=last is not None)
    if last is None:
        last = _older_entries(connection, key, last_id)
    rows = []
    for number, entry in enumerate(pending, start=last_id + 1):
        last = link(
            key, last, number, {**entry.values, "detail": json.dumps(entry.values["detail"])}
        )
        rows.append({"id": number, **entry.values, "hash": last})
    connection.execute(insert(_ENTRIES), rows)
    connection.execute(
        update(_HEADS).where(_HEADS.c.id == HEAD).values(last_id=rows[-1]["id"], hash=last)
    )


def _locked_head(connection: Connection) -> tuple[int, str | None]:
    wanted = select(_HEADS.c.last_id, _HEADS.c.hash).where(_HEADS.c.id == HEAD).with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        connection.execute(
            text(
                "INSERT INTO journal_head (id, last_id)"
                " SELECT 1, coalesce(max(id), 0) FROM journal WHERE true ON CONFLICT DO NOTHING"
            )
        )
        row = connection.execute(wanted).one()
    return row.last_id, row.hash


def _older_entries(connection: Connection, key: bytes, last_id: int) -> str:
    """Begin the chain: its first link covers all entries that were there before it."""
    hashed, number = "", 0
    for row in connection.execute(stored_entries()).mappings():
        number = row["id"]
        hashed = link(key, hashed, number, dict(row))
    if number != last_id:
        raise LedgerError("流水账的起点与台账不符，不能开始记账。请由县专班账号先运行一个月。")
    return hashed


def stored_entries() -> Any:
    """All entries in order, with ``detail`` as the text that the database holds."""
    plain = [column for column in _ENTRIES.c if column.name != "detail"]
    return select(*plain, cast(_ENTRIES.c.detail, Text).label("detail")).order_by(_ENTRIES.c.id)


def link(key: bytes, previous: str, number: int, entry: Mapping[str, Any]) -> str:
    """The hash of an entry (``detail`` as stored text) that follows the entry hashed ``previous``."""
    at: datetime = entry["at"]
    # SQLite gives times back without their zone; they are UTC.
    moment = (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None)
    told = [previous, number, moment.isoformat(timespec="microseconds")]
    told += [entry[name] for name in ("month", "actor", "action", "subject", "detail")]
    return hmac.digest(key, json.dumps(told).encode(), "sha256").hex()


def chain_key(folder: Path | None, *, is_begun: bool) -> bytes:
    """The key of the chain; made only while there is no chain yet.

    Raises:
        LedgerError: there is a chain but not its key.
    """
    if folder is None:
        raise LedgerError("台账是只读打开的，不能记账。")
    if is_begun and not (folder / "audit.key").is_file():
        raise LedgerError(
            f"审计密钥 {folder / 'audit.key'} 不见了，不能续写流水账。请从备份恢复密钥文件夹。"
        )
    return audit_key(folder)
