"""Make the administrator's account if there is none yet, with the password in a file.

``airflow users create`` wants the password on its command line, which other processes can read.
"""

import sys
from pathlib import Path

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

USER = "admin"


def make_administrator(password: str) -> str:
    """Add the account; an existing one keeps the password that it has."""
    with get_application_builder() as builder:
        manager = builder.sm
        if manager.find_user(username=USER):
            return f"管理员账号 {USER} 已存在，密码未改动。"
        role = manager.find_role("Admin")
        if not manager.add_user(USER, "管理员", "县专班", "admin@localhost", role, password):
            raise SystemExit(f"未能建立管理员账号 {USER}。")
    return f"已建立管理员账号 {USER}。"


if __name__ == "__main__":
    sys.stdout.write(make_administrator(Path(sys.argv[1]).read_text().strip()) + "\n")
