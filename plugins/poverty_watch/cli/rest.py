"""Talk to the running Airflow over its own API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from poverty_watch.cli.console import CommandError

# Local services are never to be looked for behind a proxy.
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class AirflowApi:
    """A logged-in client; ``address`` as in http://127.0.0.1:8080."""

    address: str
    token: str

    @classmethod
    def login(cls, address: str, user: str, password: str) -> AirflowApi:
        """Log in.

        Raises:
            CommandError: Airflow does not answer, or refuses.
        """
        answer = _call(f"{address}/auth/token", {"username": user, "password": password})
        return cls(address, str(answer["access_token"]))

    def get(self, path: str) -> Any:
        """GET below ``/api/v2``."""
        return _call(f"{self.address}/api/v2{path}", token=self.token)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST below ``/api/v2``."""
        return _call(f"{self.address}/api/v2{path}", body, self.token)


def health(address: str) -> dict[str, str]:
    """Status by component; empty while nothing answers."""
    try:
        answer = _call(f"{address}/api/v2/monitor/health", timeout=5)
    except CommandError:
        return {}
    return {name: str((part or {}).get("status")) for name, part in answer.items()}


def _call(
    url: str, body: Mapping[str, Any] | None = None, token: str = "", timeout: int = 30
) -> Any:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    try:
        with _OPENER.open(Request(url, data=data, headers=headers), timeout=timeout) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise CommandError(
            f"Airflow 拒绝了请求（{error.code}）：{error.read().decode()[:300]}"
        ) from None
    except (URLError, OSError) as error:
        raise CommandError(f"Airflow 没有应答（{url}）：{error}") from None
