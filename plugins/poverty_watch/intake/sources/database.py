"""A department's database: one query per dataset, bound to the month."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, Engine, bindparam, exc, text

from poverty_watch.contracts import Contract, Department
from poverty_watch.files import sha256_of
from poverty_watch.intake.sources.interface import (
    Arrived,
    LastingError,
    Taken,
    TemporaryError,
    failure,
)
from poverty_watch.intake.sources.patience import Patience, patiently
from poverty_watch.intake.sources.tables import gathered, matched_fields, save_table
from poverty_watch.months import Month

_REFUSED = ("authentication", "access denied", "login failed", "password", "ora-01017")
_CANCELLED = ("57014",)  # SQLSTATE of PostgreSQL for a statement that was stopped
_ROWS_AT_A_TIME = 2000
_QUERY_PATIENCE = Patience(whole=600.0)


@dataclass(frozen=True)
class DatabaseSource:
    """Takes datasets out of a database that is only read.

    ``connection`` is the name under which the connection is kept, for messages.
    """

    connection: str
    engine: Engine = field(repr=False)
    patience: Patience = _QUERY_PATIENCE

    def deliver(self, month: Month, department: Department, into: Path) -> Arrived:
        """See `Source`: one CSV per dataset."""
        empty = set()
        failures = []
        taken = []
        for dataset, contract in department.contracts.items():
            query = department.query_path(dataset).read_text(encoding="utf-8")
            try:
                columns, rows = self._ask(contract, query, month)
                path = save_table(contract, month, columns, rows, into)
            except (TemporaryError, LastingError) as error:
                failures.append(f"{contract.title}：{error}")
                continue
            taken.append(Taken(dataset, sha256_of(path), len(rows)))
            if not rows:
                empty.add(dataset)
        if failures:
            raise failure(department, "database", self.connection, "；".join(failures))
        return Arrived(frozenset(empty), taken=tuple(taken))

    def _ask(
        self, contract: Contract, query: str, month: Month
    ) -> tuple[list[str], list[tuple[str, ...]]]:
        return patiently(
            lambda: self._ask_once(contract, query, month),
            self.patience,
            f"连接 {self.connection} 取“{contract.title}”",
        )

    def _ask_once(
        self, contract: Contract, query: str, month: Month
    ) -> tuple[list[str], list[tuple[str, ...]]]:
        until = time.monotonic() + self.patience.whole
        days = {"month_first_day": month.first_day, "month_last_day": month.last_day}
        statement = text(query)
        asked = set(statement.compile().params)
        unknown = sorted(asked - set(days))
        if unknown:
            raise LastingError(
                f"查询里有不认识的参数 {'、'.join(f':{name}' for name in unknown)}，"
                "只能用 :month_first_day 和 :month_last_day。"
            )
        statement = statement.bindparams(
            *(bindparam(name, day, type_=Date()) for name, day in days.items() if name in asked)
        )
        with _plain_errors(self.engine, until), self.engine.connect() as connection:
            _restrain(connection, self.patience.whole)
            result = connection.execution_options(
                stream_results=True, yield_per=_ROWS_AT_A_TIME
            ).execute(statement)
            if not result.returns_rows:
                raise LastingError("查询没有返回表格，请写一条 SELECT 语句。")
            fields = list(result.keys())
            found = matched_fields(fields, contract)
            if not found:
                raise LastingError(
                    f"查询结果里没有一列认得（有：{'、'.join(fields)}），请用 AS 写成清单里的列名。"
                )
            places = [fields.index(name) for name in found.values()]
            picked = ([row[place] for place in places] for row in _in_time(result, until))
            rows = gathered(picked, contract, list(found))
            connection.rollback()
        return list(found), rows


def _in_time(rows: Any, until: float) -> Iterator[Sequence[Any]]:
    for count, row in enumerate(rows):
        if count % _ROWS_AT_A_TIME == 0 and time.monotonic() > until:
            raise LastingError(_TOO_LONG)
        yield row


_TOO_LONG = "查询用时过长，已停止。请检查查询语句是否走索引、是否只取了本月。"


def _restrain(connection: Connection, seconds: float) -> None:
    """Read only, and no longer than that: as far as the database lets itself be told."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(
            text("SELECT set_config('statement_timeout', :ms, true)"),
            {"ms": str(int(seconds * 1000))},
        )
    elif dialect == "sqlite":
        connection.execute(text("PRAGMA query_only = ON"))
        until = time.monotonic() + seconds
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: int(time.monotonic() > until), 10_000)


@contextmanager
def _plain_errors(engine: Engine, until: float) -> Iterator[None]:
    """Errors of the database in words of ours: its own may quote addresses and people's data."""
    try:
        yield
    except exc.DBAPIError as error:
        told = str(error.orig).lower()
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        if state in _CANCELLED or "interrupted" in told or time.monotonic() > until:
            raise LastingError(_TOO_LONG) from None
        if any(word in told for word in _REFUSED):
            raise LastingError(
                "数据库拒绝登录。请核对连接里的用户名、密码和权限，改好后重新运行。"
            ) from None
        if isinstance(error, (exc.OperationalError, exc.InterfaceError)):
            raise TemporaryError(
                f"数据库连不上或中断（{_kind(error)}）。请检查网络、对方数据库是否开着，"
                f"以及连接里的地址，恢复后重新运行。{_detail(error, engine)}"
            ) from None
        raise LastingError(
            f"查询出错（{_kind(error)}），请对照对方的表结构改正查询文件。{_detail(error, engine)}"
        ) from None
    except exc.SQLAlchemyError as error:
        raise LastingError(f"查询无法执行（{type(error).__name__}），请检查查询文件。") from None


def _kind(error: exc.DBAPIError) -> str:
    return type(error.orig).__name__


def _detail(error: exc.DBAPIError, engine: Engine) -> str:
    """What the database says of the query itself; of what is in the data nothing is repeated."""
    if not isinstance(error, (exc.ProgrammingError, exc.OperationalError)):
        return ""
    line = str(error.orig).splitlines()[0][:200]
    if engine.url.password:
        line = line.replace(str(engine.url.password), "***")
    return f"对方的说明：{line}"
