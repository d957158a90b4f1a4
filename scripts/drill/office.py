"""People before the web page: each signs in with an account of their own and uses its interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

MONTHLY = "monthly_monitoring"
DESK = "verification_desk"
WATCH = "deadline_watch"
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class RefusedError(Exception):
    """The page refused; ``code`` is that of HTTP."""

    code: int
    told: str


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in; nobody where there is no token."""

    page: str
    token: str = ""

    @classmethod
    def signed_in(cls, page: str, user: str, password: str) -> Person:
        """Sign in by name and password."""
        answer = cls(page).call("POST", "/auth/token", {"username": user, "password": password})
        return cls(page, str(answer["access_token"]))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the page.

        Raises:
            RefusedError: it answers with an error.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.page + path, data=data, headers=headers, method=method)
        try:
            with _OPENER.open(request, timeout=60) as answer:
                text = answer.read()
        except HTTPError as error:
            raise RefusedError(error.code, error.read().decode("utf-8", "replace")[:500]) from None
        return json.loads(text) if text[:1] in (b"{", b"[") else text

    def is_refused(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> int:
        """The code of a refusal; 0 if there is none."""
        try:
            self.call(method, path, body)
        except RefusedError as refused:
            return refused.code
        return 0

    def add_account(self, user: str, password: str, roles: list[str]) -> None:
        """Make an account, as an administrator does; roles that are not there yet are made."""
        known = self.call("GET", "/auth/fab/v1/roles?limit=100")
        names = {role["name"] for role in known["roles"]}
        for role in roles:
            if role not in names:
                self.call("POST", "/auth/fab/v1/roles", {"name": role, "actions": []})
        self.call(
            "POST",
            "/auth/fab/v1/users",
            {
                "username": user,
                "password": password,
                "first_name": user,
                "last_name": "样例",
                "email": f"{user}@sample.example",
                "roles": [{"name": role} for role in roles],
            },
        )

    def start_month(self, month: str) -> str:
        """Trigger a month, as with the form: the month is the partition key; the run's name."""
        body = {"logical_date": None, "partition_key": month}
        answer = self.call("POST", f"/api/v2/dags/{MONTHLY}/dagRuns", body)
        return str(answer["dag_run_id"])

    def unpause(self, dag: str) -> None:
        """Turn a DAG's switch on."""
        self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """All runs, the newest last."""
        answer = self.call("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100&order_by=id")
        return list(answer["dag_runs"])

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """One run."""
        return next(each for each in self.runs(dag) if each["dag_run_id"] == run)

    def states(self, dag: str, run: str) -> dict[str, str]:
        """State of each task of a run."""
        found: dict[str, str] = {}
        while True:
            answer = self.call(
                "GET",
                f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100&offset={len(found)}"
                "&order_by=id",
            )
            page = answer["task_instances"]
            found |= {task["task_id"]: str(task["state"]) for task in page}
            if len(page) < 100:
                return found

    def asked(self, run: str) -> dict[str, dict[str, Any]]:
        """What waits for a person in a run of the month, by task."""
        answer = self.call(
            "GET",
            f"/api/v2/dags/{MONTHLY}/dagRuns/{run}/hitlDetails?response_received=false&limit=100",
        )
        return {each["task_instance"]["task_id"]: each for each in answer["hitl_details"]}

    def answer(self, run: str, task: str, option: str) -> None:
        """Answer what a run asks."""
        self.call(
            "PATCH",
            f"/api/v2/dags/{MONTHLY}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails",
            {"chosen_options": [option], "params_input": {}},
        )
