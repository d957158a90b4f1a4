"""What only a run would show: settings that Airflow does not know, files that are not there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from poverty_watch.settings import PROJECT

FILE = PROJECT / "docker-compose.yaml"
Service = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Service]:
    found: dict[str, Service] = compose["services"]
    return found


def strings(value: Any) -> Iterator[str]:
    """Every text in a nested structure."""
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif value is not None:
        yield str(value)


def _dockerfile() -> str:
    return (PROJECT / "Dockerfile").read_text(encoding="utf-8")


def test_every_secret_file_that_is_read_is_given(services: dict[str, Service]) -> None:
    for name, service in services.items():
        read = {m for text in strings(service) for m in re.findall(r"/run/secrets/([\w.]+)", text)}
        assert read <= set(service.get("secrets", [])), name


def test_no_address_carries_a_password_and_only_addresses_have_defaults(
    compose: dict[str, Any],
) -> None:
    for text in strings(compose):
        assert not re.search(r"://[^/\s]*:[^/\s]*@", text), text
    defaults = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", FILE.read_text(encoding="utf-8")))
    assert set(defaults) <= {"POVERTY_WATCH_BIND", "POVERTY_WATCH_BASE_URL"}


def test_the_image_is_built_from_the_locked_libraries_and_drops_root() -> None:
    lines = _dockerfile().splitlines()
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    user = [line for line in lines if line.startswith("USER ")][-1].removeprefix("USER ")
    assert user.split(":")[0] not in ("0", "root")
    installs = [line for line in lines if "pip install" in line or "install.sh /opt" in line]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_scripts_that_the_services_call_are_there(compose: dict[str, Any]) -> None:
    called = {
        m for text in strings(compose) for m in re.findall(r"(?:\./)?(include/[\w/.-]+)", text)
    }
    assert called
    assert all((PROJECT / path).is_file() for path in called), called


def test_airflow_knows_every_setting(compose: dict[str, Any], tmp_path: Path) -> None:
    """A misspelt setting would be ignored, and a ``_CMD`` that Airflow does not honour too."""
    keys = {
        key
        for service in compose["services"].values()
        for key in service.get("environment", {})
        if key.startswith("AIRFLOW__")
    }
    keys |= set(re.findall(r"\b(AIRFLOW__\w+)=", _dockerfile()))
    program = """
import json, sys
from airflow.configuration import conf
unknown = []
for key in json.load(sys.stdin):
    section, option = key.removeprefix("AIRFLOW__").lower().split("__")
    plain = option.removesuffix("_cmd")
    known = plain in conf.configuration_description.get(section, {}).get("options", {})
    if not known or (plain != option and (section, plain) not in conf.sensitive_config_values):
        unknown.append(key)
print(json.dumps(unknown))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=json.dumps(sorted(keys)),
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert len(keys) > 10


def test_the_file_asks_for_its_folders_and_a_compose_client_accepts_it(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    for name in compose["secrets"]:
        (tmp_path / name).write_text("not-a-secret\n")
    given = {"POVERTY_WATCH_SECRETS": str(tmp_path), "POVERTY_WATCH_INBOX": str(tmp_path)}
    # Of the two folders neither has a default: a wrong one would be empty, not missing.
    required = re.findall(r"\$\{(\w+):\?", FILE.read_text(encoding="utf-8"))
    assert sorted(set(required)) == sorted(given)
    client = _client()
    if client is not None:
        done = subprocess.run(
            [*client, "--file", str(FILE), "config", "--format", "json"],
            env=os.environ | given,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert set(json.loads(done.stdout)["services"]) == set(compose["services"])


def _client() -> list[str] | None:
    """A compose client, where the machine has one; version 1 does not know the form of today."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
            if re.match(r"v?([2-9]|\d\d)", done.stdout) and done.returncode == 0:
                return command
    return None
