"""The embedded Airflow of an installation: its settings, secrets, database and lock."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from sqlite3 import connect
from typing import IO

from poverty_watch.cli.console import CommandError
from poverty_watch.files import written_whole
from poverty_watch.settings import PROJECT, Settings

DAG_ID = "monthly_monitoring"
USER = "admin"
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class AirflowHome:
    """Everything that Airflow keeps, below ``<home>/airflow``."""

    settings: Settings

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME."""
        return self.settings.airflow

    @property
    def logs(self) -> Path:
        """Logs of tasks, services and runs."""
        return self.folder / "logs"

    @property
    def services(self) -> Path:
        """Process ids, port and logs of the services in the background."""
        return self.folder / "run"

    @property
    def passwords(self) -> Path:
        """The logins of the web page, as JSON."""
        return self.settings.keys / "airflow_passwords.json"

    @property
    def database(self) -> Path:
        """Airflow's own database."""
        return self.folder / "airflow.sqlite"

    def password(self) -> str:
        """The administrator's password."""
        return str(json.loads(self.passwords.read_text(encoding="utf-8"))[USER])

    def environment(self) -> dict[str, str]:
        """For a process of Airflow: where things are; settings and secrets are in airflow.cfg."""
        return os.environ | {
            "AIRFLOW_HOME": str(self.folder),
            "POVERTY_WATCH_HOME": str(self.settings.home),
            "POVERTY_WATCH_INBOX": str(self.settings.inbox),
            "POVERTY_WATCH_LEDGER_URL": self.settings.ledger_url,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "NO_COLOR": "1",
        }

    def prepare(
        self, *, port: int = DEFAULT_PORT, host: str = "127.0.0.1", schedule: bool = False
    ) -> None:
        """Make folders, secrets and airflow.cfg, and bring the database to Airflow's version."""
        for folder in (self.settings.home, self.folder, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self.passwords.exists():
            _secret(self.passwords, json.dumps({USER: secrets.token_urlsafe(12)}) + "\n")
        self._write_settings(port, host, schedule)
        self._migrate()

    def _write_settings(self, port: int, host: str, schedule: bool) -> None:
        fernet = _secret(self.settings.keys / "airflow_fernet.key", _fernet_key())
        token = _secret(self.settings.keys / "airflow_jwt.key", secrets.token_hex(32))
        page = _secret(self.settings.keys / "airflow_api.key", secrets.token_hex(32))
        content = _as_configuration(
            {
                "core": {
                    "dags_folder": PROJECT / "dags",
                    "plugins_folder": PROJECT / "plugins",
                    "load_examples": False,
                    "executor": "LocalExecutor",
                    "parallelism": os.cpu_count() or 2,
                    "default_timezone": "Asia/Shanghai",
                    "dags_are_paused_at_creation": False,
                    "fernet_key": fernet,
                    "simple_auth_manager_users": f"{USER}:admin",
                    "simple_auth_manager_passwords_file": self.passwords,
                    "execution_api_server_url": f"http://{_reachable(host)}:{port}/execution/",
                },
                "database": {"sql_alchemy_conn": f"sqlite:///{self.database}"},
                "logging": {"base_log_folder": self.logs, "colored_console_log": False},
                "api": {
                    "host": host,
                    "port": port,
                    "base_url": f"http://{_reachable(host)}:{port}",
                    "instance_name": "防贫守望",
                    "secret_key": page,
                    "workers": 1,
                },
                "api_auth": {"jwt_secret": token},
                "scheduler": {
                    "use_job_schedule": schedule,
                    "enable_health_check": False,
                    # Most of a month's last steps follow one another: between two nobody should sleep.
                    "scheduler_idle_sleep_time": 0.3,
                },
                # A worker that misses the end of its step looks again only after this many seconds.
                "workers": {"min_heartbeat_interval": 1},
                # Reading the files again takes seconds, on the same machine as the month itself.
                "dag_processor": {"refresh_interval": 30, "min_file_process_interval": 120},
                "usage_data_collection": {"enabled": False},
            }
        )
        path = self.folder / "airflow.cfg"
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            with written_whole(path, mode=0o600) as beside:
                beside.touch(mode=0o600)
                beside.write_text(content, encoding="utf-8")

    def _migrate(self) -> None:
        marker = self.folder / "database.version"
        current = version("apache-airflow-core")
        if self.database.exists() and marker.exists() and marker.read_text() == current:
            return
        # Built beside and put in place whole: a killed migration would leave half a database.
        beside = self.database.with_name(".airflow.sqlite.new")
        for leftover in beside.parent.glob(f"{beside.name}*"):
            leftover.unlink()
        if self.database.exists():
            with closing(connect(self.database)) as old, closing(connect(beside)) as new:
                old.backup(new)
        log = self.logs / "migrate.log"
        with log.open("w") as stream:
            conn = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{beside}"}
            code = self.start(["db", "migrate"], stream, extra=conn).wait()
        if code:
            raise CommandError(f"Airflow 数据库未能建立或升级，详情见 {log}。")
        with closing(connect(beside)) as new:
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(beside, self.database)
        with written_whole(marker) as fresh:
            fresh.write_text(current)

    def forget_killed_runs(self) -> None:
        """Mark runs that were killed on the way as failed, lest a scheduler goes on with them.

        Only runs of ``airflow dags test`` are meant; the caller holds the lock, so none is alive.
        """
        with closing(connect(self.database, timeout=30)) as database, database:
            database.execute(
                "UPDATE dag_run SET state = 'failed', end_date = CURRENT_TIMESTAMP"
                " WHERE dag_id = ? AND state = 'running' AND triggered_by = 'TEST'",
                (DAG_ID,),
            )

    def start(
        self,
        command: list[str],
        output: IO[str],
        *,
        extra: dict[str, str] | None = None,
        stays: bool = False,
        keep_open: tuple[int, ...] = (),
    ) -> subprocess.Popen[bytes]:
        """Start an ``airflow`` command.

        It ends with this process, even when that is killed, unless it ``stays``: then it becomes
        a session of its own.
        """
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment() | (extra or {}),
            pass_fds=keep_open,
            start_new_session=stays,
            preexec_fn=None if stays else end_with(os.getpid()),
        )

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the installation for one run; gives the lock's descriptor for child processes.

        A child that inherits it keeps the lock until it has ended too.

        Raises:
            CommandError: another run holds it.
        """
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with (self.settings.home / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    f"{self.settings.home} 正有另一次运行在进行，请等它结束后再试。"
                ) from None
            yield lock.fileno()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host


def end_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it starts: ask Linux to be killed when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes
    import signal

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1

    def ask() -> None:
        prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _fernet_key() -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _secret(path: Path, fresh: str) -> str:
    """The secret in a file; at the first call ``fresh`` is put there, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path, mode=0o600) as beside:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(fresh)
    return path.read_text(encoding="utf-8")


def _as_configuration(sections: dict[str, dict[str, object]]) -> str:
    from configparser import ConfigParser

    # Airflow reads the file with interpolation: a percent sign in a path must be doubled.
    parser = ConfigParser(interpolation=None)
    for name, options in sections.items():
        parser[name] = {key: str(value).replace("%", "%%") for key, value in options.items()}
    text = StringIO()
    parser.write(text)
    return text.getvalue()
