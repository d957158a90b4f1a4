"""Who sees which rows: one declaration per table, enforced here and by PostgreSQL itself.

Every listing, export and page asks the ledger in ``Ledger.transaction(viewer)``. In such a session
every ORM select sees the viewer's rows alone, also through joins and relationships, and a change of
somebody else's row is refused. `row_security` installs the same declaration in PostgreSQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Table, and_, event, false, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.base import ExecutableOption

from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.models import Base
from poverty_watch.ledger.models.base import COUNTY_ALONE, Parent, SeenBy

Role = Literal["system", "county", "township", "department", "viewer"]
ROLE_TITLES: dict[str, str] = {
    "county": "县专班",
    "township": "乡镇",
    "department": "部门",
    "viewer": "查看人员",
}
"""What staff read for a role; ``system`` is no person's."""
UNBOUND = ("system", "county")
_VIEWER = "viewer"


@dataclass(frozen=True)
class Viewer:
    """Who asks. ``place``: the township's name, or the department's id; empty for the others."""

    name: str
    role: Role
    place: str = ""

    def __post_init__(self) -> None:
        if self.role not in (*ROLE_TITLES, "system"):
            raise AccessError(f"没有“{self.role}”这种身份，可用的有：{'、'.join(ROLE_TITLES)}。")
        if self.role in ("township", "department") and not self.place:
            raise AccessError(
                f"以{ROLE_TITLES[self.role]}身份操作，要写明是哪个{_WHERE[self.role]}。"
            )

    @property
    def is_bound(self) -> bool:
        """Whether this viewer sees less than everything."""
        return self.role not in UNBOUND

    @property
    def may_unseal(self) -> bool:
        """Whether full identity numbers may be shown to this viewer."""
        return self.role in UNBOUND

    @property
    def title(self) -> str:
        """As it stands in lists: 县专班, 甸阳镇, ..."""
        return self.place if self.role == "township" else ROLE_TITLES.get(self.role, "系统")

    def shown_name(self, name: str | None) -> str:
        """A person's name as this viewer may read it: a viewer sees the family name alone."""
        if not name or self.role != "viewer":
            return name or ""
        return name[0] + "*" * (len(name) - 1)


_WHERE = {"township": "乡镇", "department": "部门"}
SYSTEM = Viewer("系统", "system")


def seen_by(table: Table) -> SeenBy:
    """The table's own declaration; the county's alone where it says nothing."""
    said: SeenBy = table.info.get("seen_by", COUNTY_ALONE)
    return said


def viewer_of(session: Session) -> Viewer:
    """Who asks in this session."""
    viewer: Viewer = session.info.get(_VIEWER, SYSTEM)
    return viewer


def narrow(session: Session, viewer: Viewer) -> None:
    """Bind a session to a viewer, for its length."""
    session.info[_VIEWER] = viewer


def guard_access(sessions: sessionmaker[Session]) -> None:
    """Have these sessions show and change no more than their viewer's rows."""
    event.listen(sessions, "do_orm_execute", _show_own_rows)
    event.listen(sessions, "before_flush", _refuse_others_rows)


def _show_own_rows(state: ORMExecuteState) -> None:
    viewer = viewer_of(state.session)
    if not viewer.is_bound:
        return
    if not (state.is_select and state.is_orm_statement):
        # Tables and texts by name, and changes of many rows at once, know no criteria.
        raise AccessError(f"{viewer.title}不能这样读写台账。")
    state.statement = state.statement.options(*_criteria(viewer))


@lru_cache(maxsize=256)
def _criteria(viewer: Viewer) -> tuple[ExecutableOption, ...]:
    return tuple(
        with_loader_criteria(mapper.class_, readable(viewer, mapper.local_table), True)
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table)
    )


def readable(viewer: Viewer, table: Table) -> ColumnElement[bool]:
    """The condition under which a bound viewer may read a row of a table."""
    said = seen_by(table)
    if said.everyone or (viewer.role == "viewer" and said.has_owner):
        return table.c[next(iter(table.primary_key.columns)).name].is_not(None)
    return _owned(viewer, table)


def _owned(viewer: Viewer, table: Table) -> ColumnElement[bool]:
    said = seen_by(table)
    column = {"township": said.township, "department": said.department}.get(viewer.role)
    if column:
        return table.c[column] == viewer.place
    if said.with_parent is None:
        return false()
    parent = Base.metadata.tables[said.with_parent.table].alias()
    pairs = zip(said.with_parent.here, said.with_parent.there, strict=True)
    same = and_(*(table.c[here] == parent.c[there] for here, there in pairs))
    original = Base.metadata.tables[said.with_parent.table]
    owner = {"township": seen_by(original).township, "department": seen_by(original).department}
    of_parent = owner.get(viewer.role)
    if not of_parent:
        return false()
    return select(1).select_from(parent).where(same, parent.c[of_parent] == viewer.place).exists()


def _refuse_others_rows(session: Session, *_: Any) -> None:
    viewer = viewer_of(session)
    if not viewer.is_bound:
        return
    for row in (
        *session.new,
        *session.deleted,
        *(r for r in session.dirty if session.is_modified(r)),
    ):
        table = inspect(type(row)).local_table
        said = seen_by(table)
        if said.appended_by_all and row in session.new:
            continue
        column = {"township": said.township, "department": said.department}.get(viewer.role)
        if column and _whose(row, column) <= {viewer.place}:
            continue
        if said.with_parent is not None and _may_add_to(session, viewer, row, said.with_parent):
            continue
        raise AccessError(f"{viewer.title}不能改动这条记录，请由有权限的单位办理。")


def _may_add_to(session: Session, viewer: Viewer, row: Any, parent: Parent) -> bool:
    table = Base.metadata.tables[parent.table]
    keys = [getattr(row, name) for name in parent.here]
    if None in keys:
        # Its parent is written in this same flush, and looked at itself.
        return viewer.role in ("township", "department")
    same = (table.c[there] == key for there, key in zip(parent.there, keys, strict=True))
    wanted = select(1).select_from(table).where(*same, _owned(viewer, table))
    with session.no_autoflush:
        return session.connection().scalar(wanted) is not None


def _whose(row: Any, column: str) -> set[str]:
    """The owner of a row, now and before a change that has not been written yet."""
    history = inspect(row).attrs[column].history
    return {*history.added, *history.unchanged, *history.deleted} - {None}
