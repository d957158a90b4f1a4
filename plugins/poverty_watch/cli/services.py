"""The services of the embedded Airflow in the background: start, look, stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from poverty_watch.cli.airflow_home import USER, AirflowHome
from poverty_watch.cli.console import CommandError, say
from poverty_watch.cli.rest import AirflowApi, health
from poverty_watch.files import written_whole
from poverty_watch.settings import Settings

_COMMANDS = ("api-server", "scheduler", "dag-processor", "triggerer")
_HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_PORTS_TO_TRY = 20
_START_WITHIN = 180  # seconds
_STOP_WITHIN = 30


@dataclass(frozen=True)
class Service:
    """A process in the background. ``started`` tells it from a later process of the same number."""

    name: str
    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return _start_of(self.pid) == self.started


def running(settings: Settings) -> list[Service]:
    """The services that are alive."""
    folder = AirflowHome(settings).services
    found = []
    for path in sorted(folder.glob("*.pid")) if folder.is_dir() else ():
        try:
            service = Service(path.stem, **json.loads(path.read_text()))
        except (ValueError, TypeError):
            continue
        if service.is_alive:
            found.append(service)
    return found


def address(settings: Settings) -> str:
    """Where the running web page is."""
    return (AirflowHome(settings).services / "address").read_text()


def inbox_in_use(settings: Settings) -> Path | None:
    """The inbox that the running services read; None if none run."""
    return (
        Path((AirflowHome(settings).services / "inbox").read_text()) if running(settings) else None
    )


def refuse_while_up(settings: Settings) -> None:
    """Two schedulers must not work on one run.

    Raises:
        CommandError: services are running.
    """
    if running(settings):
        raise CommandError(
            "后台的 Airflow 正在运行。请在网页上触发本月的运行，或先执行 make down（poverty-watch down）停止它。"
        )


def start_services(settings: Settings, port: int, host: str, schedule: bool) -> None:
    """Start all services, wait until they are healthy, and say where to log in."""
    home = AirflowHome(settings)
    if running(settings):
        say("后台的 Airflow 已在运行。")
    else:
        with home.locked():
            say("启动 Airflow……", "dim")
            port = _free_port(host, port)
            home.prepare(port=port, host=host, schedule=schedule)
            home.forget_killed_runs()
            _start(home, f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")
    _wait_until_healthy(settings)
    say(f"网页：{address(settings)}", "bold green")
    say(f"用户：{USER}　密码：{home.password()}　（密码存于 {home.passwords}）")
    say("界面语言可在左下角用户菜单中选“简体中文”。")
    if schedule:
        say("每月1日上午8时自动运行上个月。")
    else:
        say(
            "不会自动运行：请在网页上触发或回填；要按月自动运行，请先停止，再用 make up SCHEDULE=1 启动。"
        )
    say("停止：make down")


def stop_services(settings: Settings) -> None:
    """Ask all services to end, and end those that do not."""
    services = running(settings)
    for service in services:
        _signal(service, signal.SIGTERM)
    end = time.monotonic() + _STOP_WITHIN
    while any(service.is_alive for service in services) and time.monotonic() < end:
        time.sleep(0.2)
    for service in services:
        _signal(service, signal.SIGKILL)
    folder = AirflowHome(settings).services
    for path in folder.glob("*.pid") if folder.is_dir() else ():
        path.unlink()
    say("后台的 Airflow 已停止。" if services else "后台没有运行中的 Airflow。")


def login(settings: Settings) -> AirflowApi:
    """A client of the running Airflow."""
    return AirflowApi.login(address(settings), USER, AirflowHome(settings).password())


def _start(home: AirflowHome, where: str) -> None:
    home.services.mkdir(parents=True, exist_ok=True)
    logs = home.logs / "services"
    logs.mkdir(parents=True, exist_ok=True)
    with written_whole(home.services / "address") as beside:
        beside.write_text(where)
    with written_whole(home.services / "inbox") as beside:
        beside.write_text(str(home.settings.inbox))
    for name in _COMMANDS:
        with (logs / f"{name}.log").open("a") as stream:
            process = home.start([name], stream, stays=True)
        with written_whole(home.services / f"{name}.pid") as beside:
            beside.write_text(json.dumps({"pid": process.pid, "started": _start_of(process.pid)}))


def _wait_until_healthy(settings: Settings) -> None:
    home = AirflowHome(settings)
    end = time.monotonic() + _START_WITHIN
    while time.monotonic() < end:
        missing = set(_COMMANDS) - {service.name for service in running(settings)}
        if missing:
            stop_services(settings)
            raise CommandError(
                f"{'、'.join(sorted(missing))} 没有启动成功，详情见 {home.logs / 'services'}。"
            )
        state = health(address(settings))
        if all(state.get(part) == "healthy" for part in _HEALTHY):
            return
        time.sleep(1)
    raise CommandError(f"Airflow 在{_START_WITHIN}秒内没有就绪，详情见 {home.logs / 'services'}。")


def _free_port(host: str, first: int) -> int:
    for port in range(first, first + _PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise CommandError(f"端口 {first} 至 {first + _PORTS_TO_TRY - 1} 都被占用，请用 --port 另选。")


def _signal(service: Service, what: signal.Signals) -> None:
    if service.is_alive:
        try:
            os.killpg(service.pid, what)
        except ProcessLookupError:
            return


def _start_of(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty if there is none (or it is a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
