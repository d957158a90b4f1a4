"""The production shape, read as data: no container engine is needed for this."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.configuration import conf

from poverty_watch.settings import PROJECT

SECRET = re.compile(r"password|secret|key|conn|url|backend|token", re.IGNORECASE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
    return content


def of_airflow(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n: s for n, s in compose["services"].items() if n not in ("postgres", "redis")}


def test_every_part_of_a_production_airflow_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {
        "postgres",
        "redis",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
    }
    for service in of_airflow(compose).values():
        environment = service["environment"]
        assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert environment["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")


def test_every_service_that_stays_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service["restart"] == "no":
            assert name == "migrate"
        else:
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
            assert {"interval", "timeout", "retries"} <= set(service["healthcheck"]), name


def test_services_wait_for_the_databases_and_the_migration(compose: dict[str, Any]) -> None:
    for name, service in of_airflow(compose).items():
        waits = {n: w["condition"] for n, w in service["depends_on"].items()}
        assert waits["postgres"] == "service_healthy"
        if name != "migrate":
            assert waits["redis"] == "service_healthy"
            assert waits["migrate"] == "service_completed_successfully"


def test_images_are_named_by_an_exact_version(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", service["image"]), service["image"]
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-slim-[a-z]+$", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"python:${PYTHON}"}


def test_secrets_come_from_files_and_have_no_default(compose: dict[str, Any]) -> None:
    for name, secret in compose["secrets"].items():
        assert re.fullmatch(r"\$\{POVERTY_WATCH_SECRETS(:\?[^}]+)?\}/" + name, secret["file"])
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for name, value in service["environment"].items():
            plain = name.endswith(("__BASE_URL", "__SECRETS__BACKEND")) or "SERVER_URL" in name
            if SECRET.search(name) and not plain:
                assert name.endswith(("_CMD", "_FILE", "_KWARGS")), name
                (file,) = re.findall(r"/run/secrets/([\w.]+)", value)
                assert file in service["secrets"], name


def test_no_password_stands_in_any_file_of_the_shape() -> None:
    for path in (PROJECT / "docker-compose.yaml", PROJECT / "Dockerfile", *_scripts()):
        text = path.read_text()
        assert not re.search(r"://[^/\s$\"'{]*:[^@\s$\"'{]+@", text), path
        assert not re.search(r"(?i)passw(or)?d *(=|: ) *['\"]?(?!str\b)[a-z0-9]", text), path


def _scripts() -> list[Path]:
    return [path for path in (PROJECT / "include" / "compose").iterdir() if path.is_file()]


def test_airflow_takes_each_of_these_settings_from_a_command(compose: dict[str, Any]) -> None:
    """Airflow passes over _CMD for a setting that it does not hold for sensitive."""
    environment = compose["services"]["scheduler"]["environment"]
    commands = [name for name in environment if name.endswith("_CMD")]
    assert len(commands) == 6
    for name in commands:
        _, section, option = name.removesuffix("_CMD").lower().split("__")
        assert (section, option) in conf.sensitive_config_values, name


def test_the_program_runs_without_rights_on_a_read_only_system(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "postgres":  # its own entry point gives its rights up
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert not service["user"].startswith(("0", "root")), name
    for service in of_airflow(compose).values():
        (inbox,) = [v for v in service["volumes"] if isinstance(v, dict)]
        assert inbox["read_only"] is True
    assert re.findall(r"^USER (.*)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE) == [
        "10001:10001"
    ]


def test_only_the_page_is_reachable_and_only_from_this_machine(compose: dict[str, Any]) -> None:
    published = {n: s["ports"] for n, s in compose["services"].items() if "ports" in s}
    assert published == {"api-server": ["${POVERTY_WATCH_BIND:-127.0.0.1}:8080:8080"]}
    assert compose["networks"]["inside"]["internal"] is True


def test_workers_are_two_and_reach_the_mail_server(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert set(worker["networks"]) == {"inside", "outside"}
    assert not compose["networks"]["outside"]
    assert {n for n, s in compose["services"].items() if "outside" in s["networks"]} == {
        "api-server",
        "worker",
    }


def test_clocks_show_county_time(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["environment"]["TZ"] == "Asia/Shanghai"


def test_what_the_image_copies_exists_and_is_let_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text(), re.M)
    let_through = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for name in " ".join(copied).split():
        assert (PROJECT / name).exists(), name
        assert name in let_through, name


def test_made_secrets_are_complete_private_and_kept(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """The script wants root for handing files over: here those calls are stood in for."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool, answer in (("id", "echo 0"), ("chown", "true")):
        (tools / tool).write_text(f"#!/bin/sh\n{answer}\n")
        (tools / tool).chmod(0o755)
    folder = tmp_path / "secrets"
    script = PROJECT / "include" / "compose" / "make_secrets.sh"

    def make() -> dict[str, str]:
        subprocess.run(
            [script, folder],
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        )
        return {path.name: path.read_text() for path in folder.iterdir()}

    made = make()
    assert set(made) == set(compose["secrets"])
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o400}
    passwords = [v for n, v in made.items() if n.endswith(("password", "key", "secret"))]
    assert len(set(passwords)) == len(passwords) == 8
    assert min(map(len, passwords)) >= 44
    assert made["postgres_ledger_password"] in made["ledger_url"]
    assert f"requirepass {made['redis_password']}" in made["redis_conf"]
    (folder / "ledger_url").unlink()
    assert make() == made


def test_the_made_fernet_key_is_one(tmp_path: Path) -> None:
    from cryptography.fernet import Fernet

    line = next(
        line
        for line in (PROJECT / "include/compose/make_secrets.sh").read_text().splitlines()
        if line.startswith("random()")
    )
    made = subprocess.run(["bash", "-c", f"{line.split('#')[0]}\nrandom"], capture_output=True)
    Fernet(made.stdout)


def test_libraries_come_from_where_pip_was_told_to_look(tmp_path: Path) -> None:
    """``pip config get`` would look into one user's file only, not into the machine's."""
    tools = tmp_path / "bin"
    tools.mkdir()
    known = "global.cert='/etc/own.crt'\nglobal.index-url='https://mirror.example/simple'"
    (tools / "python").write_text(f'#!/bin/sh\n[ "$4" = list ] && echo "{known}"\n')
    (tools / "uv").write_text('#!/bin/sh\necho "$UV_DEFAULT_INDEX $SSL_CERT_FILE"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    told = subprocess.run(
        [PROJECT / "scripts" / "install.sh", tmp_path, "--requirement", "any"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.split() == ["https://mirror.example/simple", "/etc/own.crt"]


def test_scripts_can_be_executed() -> None:
    for path in _scripts():
        if path.suffix == ".sh":
            assert os.access(path, os.X_OK), path
            subprocess.run(["bash", "-n", path], check=True)
