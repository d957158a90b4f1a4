"""What the story needs of a shape, whichever it is: its services, its people, its mails."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from scripts.drill.office import Person, RefusedError
from scripts.drill.places import Places

_START_WITHIN = 240  # seconds
_LOOK_EVERY = 2.5
Say = Callable[[str], None]
Check = Callable[[str, bool], None]


class DrillError(RuntimeError):
    """A part did not do what it should."""


@dataclass
class Parts(ABC):
    """The running parts of one drill, ended by `stop_all`."""

    places: Places
    say: Say
    mails: list[EmailMessage] = field(default_factory=list)
    _mail_server: Any = None

    @property
    @abstractmethod
    def ledger_url(self) -> str:
        """Where the ledger is."""

    @property
    @abstractmethod
    def logs(self) -> Path:
        """Where services and tasks write what they say."""

    @abstractmethod
    def passwords(self) -> list[str]:
        """What must stand in no log."""

    @abstractmethod
    def start(self) -> None:
        """Start Airflow and what it stands on; the timetable starts nothing yet."""

    @abstractmethod
    def start_timetable(self) -> None:
        """Start again what starts runs: from now on the timetable does, too."""

    @abstractmethod
    def check_health(self, check: Check) -> None:
        """Note whether each service is well."""

    @abstractmethod
    def people(self) -> dict[str, Person]:
        """Who is signed in: admin, office, leader, where there are roles looker too."""

    @abstractmethod
    def must_live(self) -> None:
        """Every service that was started still runs.

        Raises:
            DrillError: one ended.
        """

    @abstractmethod
    def stop_services(self) -> None:
        """End every process that was started."""

    def stop_all(self) -> None:
        """End everything."""
        self.stop_services()
        if self._mail_server is not None:
            self._mail_server.stop()
            self._mail_server = None

    def start_mail(self) -> None:
        """An SMTP server on the loopback address that keeps what it gets in ``mails``."""
        from aiosmtpd.controller import Controller

        kept = self.mails

        class Keep:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
                message = message_from_bytes(envelope.content, policy=policy.default)
                message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
                kept.append(message)
                return "250 OK"

        self._mail_server = Controller(Keep(), "127.0.0.1", self.places.ports["mail"])
        self._mail_server.start()

    def wait(self, what: str, is_so: Callable[[], bool], within: float = _START_WITHIN) -> None:
        """Wait until something is so.

        Raises:
            DrillError: it is not so in time, or a service ended meanwhile.
        """
        end = time.monotonic() + within
        while not is_so():
            self.must_live()
            if time.monotonic() > end:
                raise DrillError(f"not so within {within:.0f} s: {what}")
            time.sleep(_LOOK_EVERY)

    def is_up(self) -> bool:
        """Whether the page answers and reports well of all services."""
        try:
            state = Person(self.places.page).call("GET", "/api/v2/monitor/health")
        except (OSError, RefusedError):
            return False
        wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((state.get(part) or {}).get("status") == "healthy" for part in wanted)


def finished(
    command: Sequence[str],
    environment: Mapping[str, str],
    user: int | None = None,
    *,
    folder: Path = Path("/"),
    log: Path | None = None,
) -> str:
    """Carry out a command; what it printed.

    Raises:
        DrillError: it failed; its last lines are quoted.
    """
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
    told = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise DrillError(f"{' '.join(command[:4])} failed:\n{told[-3000:]}")
    return told


def send_signal(group: int, what: signal.Signals) -> None:
    """Tell all processes of a session, if there still are any."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, what)
