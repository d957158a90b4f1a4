"""The embedded shape: what `poverty-watch up` starts, by that very command. One account, no roles."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.drill.office import Person
from scripts.drill.parts import Check, DrillError, Parts, finished
from scripts.drill.places import Places

from poverty_watch.cli.airflow_home import USER, AirflowHome
from poverty_watch.cli.services import running
from poverty_watch.settings import Settings

_SERVICES = {"api-server", "scheduler", "dag-processor", "triggerer"}


class Home(Places):
    """An installation in one folder."""

    @property
    def settings(self) -> Settings:
        """The installation."""
        return Settings(self.state, self.inbox, f"sqlite:///{self.state / 'ledger.sqlite'}")


@dataclass
class EmbeddedParts(Parts):
    """SQLite and LocalExecutor, in the background."""

    places: Home
    _is_started: bool = False

    @property
    def ledger_url(self) -> str:
        """A file below the home."""
        return self.places.settings.ledger_url

    @property
    def logs(self) -> Path:
        """Airflow's own."""
        return AirflowHome(self.places.settings).logs

    def passwords(self) -> list[str]:
        """The administrator's, and the secrets that Airflow uses."""
        keys = self.places.settings.keys.glob("airflow_*.key")
        return [path.read_text(encoding="utf-8") for path in keys] + [self._password]

    @property
    def _password(self) -> str:
        return AirflowHome(self.places.settings).password()

    def start(self) -> None:
        """``poverty-watch up``."""
        self._carry_out("up", "--port", str(self.places.ports["page"]))

    def start_timetable(self) -> None:
        """``poverty-watch down``, then ``up --schedule``."""
        self._is_started = False
        self._carry_out("down")
        self._carry_out("up", "--port", str(self.places.ports["page"]), "--schedule")

    def _carry_out(self, verb: str, *options: str) -> None:
        places = self.places
        more = {
            "POVERTY_WATCH_HOME": str(places.state),
            "POVERTY_WATCH_INBOX": str(places.inbox),
        }
        self.say(f"poverty-watch {' '.join((verb, *options))}")
        command = [sys.executable, "-m", "poverty_watch.cli", verb, *options]
        finished(command, places.surroundings() | more, folder=places.project)
        self._is_started = verb == "up"

    def check_health(self, check: Check) -> None:
        """Four services run, and the page says that they are well."""
        for service in sorted(_SERVICES):
            check(f"{service} 在运行", service in self._alive())
        check("网页报告各项服务都正常", self.is_up())

    def people(self) -> dict[str, Person]:
        """One account for everybody; with it the mail server is written into Airflow's page."""
        administrator = Person.signed_in(self.places.page, USER, self._password)
        server = {
            "connection_id": "poverty_watch_smtp",
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": self.places.ports["mail"],
            "extra": json.dumps({"security": "plain", "from_email": "office@sample.example"}),
        }
        administrator.call("POST", "/api/v2/connections", server)
        return {who: administrator for who in ("admin", "office", "leader")}

    def must_live(self) -> None:
        """All four still run.

        Raises:
            DrillError: one ended.
        """
        if self._is_started and (ended := _SERVICES - self._alive()):
            raise DrillError(f"{', '.join(sorted(ended))} ended")

    def _alive(self) -> set[str]:
        return {service.name for service in running(self.places.settings)}

    def stop_services(self) -> None:
        """``poverty-watch down``."""
        if running(self.places.settings):
            self._carry_out("down")
