"""Who acts: the options that say it, the same for every verb of the office."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from poverty_watch.cli.console import CommandError

if TYPE_CHECKING:
    from poverty_watch.ledger.access import Viewer

ByOption = Annotated[str, typer.Option("--by", help="经办人姓名，记入台账。")]
RoleOption = Annotated[
    str, typer.Option("--role", help="以什么身份：县专班、乡镇、部门、查看人员。")
]
PlaceOption = Annotated[
    str, typer.Option("--place", help="身份是乡镇、部门的，写明是哪个，如 甸阳镇、民政局。")
]
OnOption = Annotated[str | None, typer.Option("--on", help="办理日期，如 2021-05-12；不填为今天。")]


def acting(by: str, role: str, place: str) -> Viewer:
    """The viewer that the options name; departments by Chinese name or folder.

    Raises:
        CommandError: a department is unknown.
        AccessError: the role is unknown or its place is missing.
    """
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.ledger.access import ROLE_TITLES, Viewer

    roles = {title: key for key, title in ROLE_TITLES.items()}
    key = roles.get(role, role)
    if key == "department" and place:
        departments = load_catalogue().departments
        titles = {one.title: name for name, one in departments.items()}
        place = titles.get(place, place)
        if place not in departments:
            raise CommandError(f"没有“{place}”这个部门，可以写：{'、'.join(titles)}。")
    if key == "system":
        raise CommandError("不能以系统身份办理，请写明县专班、乡镇、部门或查看人员。")
    return Viewer(by, key, place)  # type: ignore[arg-type]
