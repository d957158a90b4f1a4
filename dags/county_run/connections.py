"""Airflow connections into ways in: the one place where a department's source meets a secret.

What the library gets is an open session, an engine or a way to open one; it never sees Airflow, and
its messages know a connection by name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from poverty_watch.contracts import Department, load_catalogue
from poverty_watch.contracts.models import DatabaseArrival, HttpArrival, InboxArrival, SftpArrival
from poverty_watch.intake.sources.interface import Source, failure
from poverty_watch.mail import (
    MailServer,
    MailServerError,
    security_of,
    server_from_environment,
)

_CONNECT_WITHIN = 15  # seconds
SMTP = "poverty_watch_smtp"


def source_of(department_id: str) -> Source | None:
    """The department's source; None where files are put into the inbox folder.

    Raises:
        SourceError: Airflow has no such connection, or none that fits.
    """
    department = load_catalogue().departments[department_id]
    arrives = department.card.arrives
    if isinstance(arrives, InboxArrival):
        return None
    known = _connection(department, arrives.connection)
    try:
        if isinstance(arrives, SftpArrival):
            return _sftp(arrives.connection)
        if isinstance(arrives, DatabaseArrival):
            return _database(arrives.connection, known)
        return _http(arrives)
    except Exception as error:
        # Whatever a hook says may quote the connection, password included.
        raise failure(
            department,
            arrives.way,
            arrives.connection,
            f"连接的内容不能用（{type(error).__name__}）。请在流程界面“管理 → 连接”里核对类型和各项内容。",
        ) from None


def _connection(department: Department, name: str) -> Any:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    way: Any = department.card.arrives.way
    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        reason = (
            "还没有建立这个连接。请在流程界面“管理 → 连接”里新建，"
            f"或设环境变量 AIRFLOW_CONN_{name.upper()}。"
        )
    except Exception as error:
        reason = (
            f"这个连接读不出来（{type(error).__name__}）。请在流程界面“管理 → 连接”里核对内容。"
        )
    raise failure(department, way, name, reason)


def _sftp(name: str) -> Source:
    from airflow.providers.sftp.hooks.sftp import SFTPHook

    from poverty_watch.intake.sources.sftp import SftpSource

    def hook() -> Any:
        # One attempt each: how often it is tried again is the source's business.
        return SFTPHook(ssh_conn_id=name, conn_retry_attempts=1)

    @contextmanager
    def connect() -> Iterator[Any]:
        with hook().get_managed_conn() as client:
            yield client

    hook()  # a key that cannot be read is told before anybody is called
    return SftpSource(name, connect)


def _database(name: str, known: Any) -> Source:
    from poverty_watch.intake.sources.database import DatabaseSource

    return DatabaseSource(name, _engine(known))


def _engine(known: Any) -> Any:
    """An engine by the connection's own hook; any other database by ``drivername`` in its extra."""
    import sqlalchemy

    extra = known.extra_dejson
    drivername = extra.get("drivername")
    if drivername:
        url = sqlalchemy.URL.create(
            drivername,
            username=known.login,
            password=known.password,
            host=known.host,
            port=known.port,
            database=known.schema,
            query=extra.get("query") or {},
        )
        return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    options: dict[str, Any] = {"poolclass": sqlalchemy.NullPool}
    if known.conn_type in ("postgres", "postgresql"):
        options["connect_args"] = {
            "connect_timeout": _CONNECT_WITHIN,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }
    return known.get_hook().get_sqlalchemy_engine(engine_kwargs=options)


def _http(arrives: HttpArrival) -> Source:
    from airflow.providers.http.hooks.http import HttpHook

    from poverty_watch.intake.sources.http import HttpSource

    hook = HttpHook(method="GET", http_conn_id=arrives.connection)
    session = hook.get_conn()
    return HttpSource(arrives.connection, hook.base_url, session)


def mail_server() -> MailServer | None:
    """The server of Airflow's connection, else of the environment; None where there is neither.

    Raises:
        MailServerError: the connection, or what the environment says, cannot be used.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        known = BaseHook.get_connection(SMTP)
    except AirflowNotFoundException:
        return server_from_environment()
    extra = known.extra_dejson
    sender = extra.get("from_email") or known.login or ""
    if "@" not in sender:
        raise MailServerError(f"连接 {SMTP} 没有写发件人：请在 extra 里写 from_email。")
    return MailServer(
        host=known.host or "localhost",
        port=known.port or 587,
        sender=sender,
        user=known.login or "",
        password=known.password or "",
        security=security_of(extra.get("security", "starttls")),
    )
