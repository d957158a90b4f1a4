"""Who is asking: an account of the web page, and what it may see by ``board_accounts.yaml``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict

from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Role, Viewer
from poverty_watch.report.stocks import township_names
from poverty_watch.report.versions import DIVISIONS
from poverty_watch.settings import REFERENCE

ACCOUNTS = REFERENCE / "board_accounts.yaml"


@dataclass(frozen=True)
class Account:
    """A signed-in account: its name, and the names of the roles that the web page gives it."""

    name: str
    roles: tuple[str, ...]


class AccountPolicy(BaseModel):
    """``include/reference/board_accounts.yaml``: which role name makes whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[str, Role]


@lru_cache(maxsize=1)
def account_policy(path: Path = ACCOUNTS) -> AccountPolicy:
    """The policy in force."""
    return AccountPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def viewer_for(account: Account, policy: AccountPolicy) -> Viewer | None:
    """What an account may see; None for one that may see nothing.

    A role that is called like a township or a department sees that one alone, and it counts before
    any wider role: who was given a place was given it for a reason.
    """
    townships = township_names(DIVISIONS)
    departments = {d.title: d.id for d in load_catalogue().departments.values()}
    for role in account.roles:
        if role in townships:
            return Viewer(account.name, "township", role)
        if role in departments:
            return Viewer(account.name, "department", departments[role])
    known = [policy.roles[role] for role in account.roles if role in policy.roles]
    if "county" in known:
        return Viewer(account.name, "county")
    if "viewer" in known:
        return Viewer(account.name, "viewer")
    return None


async def signed_in(request: Request) -> Viewer:
    """The viewer of a request: for every route.

    Raises:
        HTTPException: 401 for nobody, 403 for an account without a role here.
    """
    account: Account = await request.app.state.authenticate(request)
    viewer = viewer_for(account, account_policy())
    if viewer is None:
        raise HTTPException(403, "您的账号还没有查看本系统的权限，请联系县专班管理员。")
    request.state.viewer = viewer
    return viewer


SignedIn = Annotated[Viewer, Depends(signed_in)]


def only(*roles: Role) -> Callable[[Viewer], Viewer]:
    """A route's guard, for ``Depends``: lets viewers in these roles pass, answers 403 to others."""

    def check(viewer: SignedIn) -> Viewer:
        if viewer.role not in roles:
            raise HTTPException(403, "这一页不对您的身份开放。")
        return viewer

    return check
