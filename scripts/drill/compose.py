"""The production shape without a container engine: what docker-compose.yaml says, on this machine.

Settings and commands are read from the file itself, so that the drill tries those that a county
gets. Only places differ: folders of the container become folders of the drill, services become
ports of the loopback address, and volumes are not mounted.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from scripts.drill.places import PROJECT, Places, free_port

COMPOSE = PROJECT / "docker-compose.yaml"
_SERVED = "healthcheck"


@dataclass(frozen=True)
class Composed(Places):
    """What the compose file says, at places of a drill."""

    @property
    def secrets(self) -> Path:
        """One file per secret."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """Of services and tasks."""
        return self.root / "logs"

    def prepare(self) -> None:
        """Make folders, secrets and the program's copy."""
        super().prepare()
        for folder in (self.secrets, self.logs, self.root / "airflow"):
            folder.mkdir(mode=0o700)
        for name, value in self._secret_values().items():
            path = self.secrets / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")

    def _secret_values(self) -> dict[str, str]:
        names = [*_compose()["secrets"]]
        made = {name: secrets.token_hex(24) for name in names}
        airflow = (
            f"airflow:{made['postgres_airflow_password']}"
            f"@127.0.0.1:{self.ports['postgres']}/airflow"
        )
        made |= {
            "airflow_fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "airflow_database_url": f"postgresql+psycopg2://{airflow}",
            "airflow_result_backend": f"db+postgresql+psycopg2://{airflow}",
            "airflow_broker_url": f"redis://:{made['redis_password']}@127.0.0.1:{self.ports['redis']}/0",
            "ledger_url": f"postgresql+psycopg://ledger:{made['postgres_ledger_password']}"
            f"@127.0.0.1:{self.ports['postgres']}/ledger",
            "redis_conf": f"requirepass {made['redis_password']}\nbind 127.0.0.1\n"
            f"port {self.ports['redis']}\nsave ''\nappendonly no\ndir {self.root}\n"
            "maxmemory-policy noeviction\n",
        }
        made["airflow_connections.json"] = json.dumps(
            {
                "poverty_watch_smtp": {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": self.ports["mail"],
                    "extra": {"security": "plain", "from_email": "office@sample.example"},
                }
            }
        )
        return made

    def here(self, text: str) -> str:
        """A text of the compose file with places of this machine."""
        text = re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", text).replace("$$", "$")
        for there, place in {
            "/run/secrets": self.secrets,
            "/opt/airflow": self.root / "airflow",
            "/opt/poverty-watch": self.project,
            "/var/log/airflow": self.logs,
            "/var/lib/poverty-watch": self.state,
            "/srv/inbox": self.inbox,
        }.items():
            text = text.replace(there, str(place))
        text = text.replace("http://api-server:8080", self.page)
        text = text.replace("http://127.0.0.1:8080", self.page)
        return text.replace("127.0.0.1:8974", f"127.0.0.1:{self.ports['health']}")

    def environment(self, service: str = "scheduler") -> dict[str, str]:
        """What a service of Airflow finds in its environment."""
        wanted = _compose()["services"][service]["environment"]
        return (
            self.surroundings()
            | {name: self.here(str(value)) for name, value in wanted.items()}
            | {
                "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
                # The drill's own thrift: a county has more processors.
                "AIRFLOW__API__WORKERS": "1",
            }
        )

    def command(self, service: str) -> list[str]:
        """The command of a service."""
        wanted = _compose()["services"][service]["command"]
        return [self.here(str(part)) for part in wanted]

    def check(self, service: str, hostname: str) -> list[str]:
        """The health check of a service, as a command."""
        kind, *rest = _compose()["services"][service][_SERVED]["test"]
        said = [self.here(part).replace("${HOSTNAME}", hostname) for part in rest]
        if kind == "CMD":
            return [sys.executable if said[0] == "python" else said[0], *said[1:]]
        return ["/bin/sh", "-c", said[0]]

    def script(self, name: str) -> Path:
        """A script of ``include/compose`` that knows this machine's places."""
        path = self.project / "include" / "compose" / name
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("/run/secrets", shlex.quote(str(self.secrets))), encoding="utf-8"
        )
        return path


def _compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return content
