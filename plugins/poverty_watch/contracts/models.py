"""The shape of ``department.yaml`` and ``<dataset>.contract.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from poverty_watch.contracts.places import unknown_placeholders
from poverty_watch.months import Month

Kind = Literal["snapshot", "increment", "year_to_date"]
ColumnType = Literal[
    "text", "name", "identity", "identity_reference", "phone", "date", "month", "amount", "choice"
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ConnectionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_places(template: str) -> str:
    unknown = unknown_placeholders(template)
    if unknown:
        raise ValueError(f"不认识的占位符：{'、'.join(unknown)}")
    return template


Template = Annotated[str, AfterValidator(_known_places)]


class InboxArrival(_Strict):
    """The department's files are put into the inbox folder."""

    way: Literal["inbox"]


class SftpArrival(_Strict):
    """The department's files lie on an SFTP server, in ``folder`` and the folders below it."""

    way: Literal["sftp"]
    connection: ConnectionId
    folder: Template = "/{month}/{department}"


class DatabaseArrival(_Strict):
    """The department opens a database; ``<dataset>.query.sql`` in its folder says what is taken."""

    way: Literal["database"]
    connection: ConnectionId


class Pages(_Strict):
    """Where an HTTP interface gives a dataset, page by page.

    ``items`` is where the list of rows is in the answer and ``total`` where the number of all rows,
    as keys joined by dots; an answer that is the list itself has no ``items``. Without a
    ``page_parameter`` one request gives everything.
    """

    path: Template
    items: str = ""
    total: str | None = None
    page_parameter: str | None = None
    first_page: int = 1
    page_size_parameter: str = "page_size"
    page_size: int = Field(default=500, ge=1)


class HttpArrival(_Strict):
    """The department has an HTTP interface that answers in JSON; ``datasets`` says where."""

    way: Literal["http"]
    connection: ConnectionId
    datasets: dict[Name, Pages]


Arrival = Annotated[
    InboxArrival | SftpArrival | DatabaseArrival | HttpArrival, Field(discriminator="way")
]


class DutyCalendar(_Strict):
    """Days of the following month that were agreed with one department alone."""

    due_day: int = Field(ge=1, le=28)
    closing_day: int = Field(ge=1, le=28)

    @model_validator(mode="after")
    def _closes_last(self) -> DutyCalendar:
        if self.closing_day < self.due_day:
            raise ValueError("closing_day 不能早于 due_day")
        return self


class DepartmentCard(_Strict):
    """``department.yaml``: who delivers. ``order`` is the row in the grid and in 表二.

    ``contact_role`` sends the data, ``recipients`` are the roles to whom receipts go; persons and
    addresses are no business of this file. Without a ``calendar`` the county's clocks apply.
    """

    title: str
    order: int
    contact_role: str = "数据报送联络员"
    recipients: tuple[str, ...] = Field(default=("数据报送联络员",), min_length=1)
    calendar: DutyCalendar | None = None
    arrives: Arrival = InboxArrival(way="inbox")


class Choice(_Strict):
    """A value of a closed list: what the lake holds, how it may be written, since when it exists."""

    value: str
    labels: tuple[str, ...] = ()
    since: str | None = None

    @field_validator("since")
    @classmethod
    def _is_month(cls, text: str | None) -> str | None:
        if text is not None:
            Month.parse(text)
        return text


class Column(_Strict):
    """One column that a delivery must have.

    ``name`` is the column in the lake, ``header`` what the department writes, ``aliases`` other
    spellings. Types: ``text``; ``name`` (a person's, required); ``identity`` (judged, stored as
    ``person_id``); ``identity_reference`` (a number that is not judged); ``phone`` (sealed);
    ``date``; ``month`` (its first day); ``amount`` (yuan or another unit, see ``unit``);
    ``choice`` (closed list ``values``).
    """

    name: Name
    header: str
    type: ColumnType
    aliases: tuple[str, ...] = ()
    optional: bool = False
    blank_is_zero: bool = False
    blank_marks: tuple[str, ...] = ()
    values: tuple[Choice, ...] = ()
    unit: str | None = None
    event: bool = False
    as_of: bool = False

    @field_validator("values", mode="before")
    @classmethod
    def _plain_values(cls, values: Any) -> Any:
        return tuple({"value": v} if isinstance(v, str) else v for v in values)

    @model_validator(mode="after")
    def _fits_its_type(self) -> Column:
        if (self.type == "choice") != bool(self.values):
            raise ValueError(f"“{self.header}”：choice 列要有 values，其他列不要有")
        if self.blank_is_zero and self.type != "amount":
            raise ValueError(f"“{self.header}”：blank_is_zero 只用于 amount 列")
        if (self.event or self.as_of) and self.type != "date":
            raise ValueError(f"“{self.header}”：event、as_of 只用于 date 列")
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """All spellings of the header, the usual one first."""
        return (self.header, *self.aliases)


class Sum(_Strict):
    """An accounting identity: ``total`` equals the sum of ``parts``."""

    total: Name
    parts: tuple[Name, ...]


class Contract(_Strict):
    """``<dataset>.contract.yaml``: what a department delivers and how it is written."""

    title: str
    order: int
    kind: Kind
    scope: Literal["rural", "all"]
    sensitivity: Literal["general", "sensitive"]
    legal_basis: str
    columns: tuple[Column, ...]
    sums: tuple[Sum, ...] = ()
    too_old_after_months: int | None = None
    repeated_by_event: bool = False

    @model_validator(mode="after")
    def _is_coherent(self) -> Contract:
        names = [column.name for column in self.columns]
        headers = [h for column in self.columns for h in column.headers]
        problems = [f"列名 {n} 重复" for n in sorted({n for n in names if names.count(n) > 1})]
        problems += [f"表头“{h}”重复" for h in sorted({h for h in headers if headers.count(h) > 1})]
        # What reads all deliveries alike counts on these two names.
        for kind, name in (("identity", "person_id"), ("name", "name")):
            if [c.name for c in self.columns if c.type == kind] != [name]:
                problems.append(f"必须有且只有一个 {kind} 列，它的 name 写 {name}")
        events = sum(column.event for column in self.columns)
        if events > 1:
            problems.append("event 列最多一个")
        if (self.repeated_by_event or self.too_old_after_months is not None) and not events:
            problems.append("要判断重复报送或过期，必须有一个 event 列")
        problems += [
            f"勾稽关系引用了没有的列 {n}"
            for s in self.sums
            for n in (s.total, *s.parts)
            if n not in names
        ]
        if problems:
            raise ValueError("；".join(problems))
        return self

    def column(self, name: str) -> Column:
        """The column of that name in the lake."""
        return next(column for column in self.columns if column.name == name)

    @property
    def identity(self) -> Column:
        """The main identity column."""
        return next(column for column in self.columns if column.type == "identity")

    @property
    def event(self) -> Column | None:
        """The date that an increment's row is about."""
        return next((column for column in self.columns if column.event), None)

    @property
    def as_of(self) -> Column | None:
        """The date up to which a year-to-date delivery counts."""
        return next((column for column in self.columns if column.as_of), None)
