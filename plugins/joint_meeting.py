"""Puts the board (防贫守望) into Airflow's web page."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/poverty-watch"


class _Board:
    """The board's application, made at its first request.

    Schedulers and workers load plugins as well, and have no use for a web application.
    """

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if self._app is None:
            from threading import Thread

            from poverty_watch.board import create_app, warm_up

            self._app = create_app(_signed_in)
            # Whoever opens the first page should not wait for what the next ones need.
            Thread(target=warm_up, daemon=True).start()
        await self._app(scope, receive, send)


async def _signed_in(request: Any) -> Any:
    """Airflow's user of a request; 401 for anybody else."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user

    from poverty_watch.board import Account

    user = await get_user(request, None, await bearer_scheme(request))
    roles = getattr(user, "roles", None)
    names = [role.name for role in roles] if roles is not None else [getattr(user, "role", None)]
    return Account(user.get_name(), tuple(name for name in names if name))


class JointMeeting(AirflowPlugin):
    """The board, reachable from Airflow's menu."""

    name = "joint_meeting"
    fastapi_apps = [  # noqa: RUF012 - the form that Airflow reads
        {"app": _Board(), "url_prefix": PREFIX, "name": "防贫守望"}
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "防贫守望",
            "href": f"{PREFIX.lstrip('/')}/",
            "url_route": "poverty-watch-board",
            "destination": "nav",
        }
    ]
