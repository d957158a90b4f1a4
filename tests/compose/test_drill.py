"""The drill starts what docker-compose.yaml says, on this machine, and nothing of it elsewhere."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from poverty_watch.settings import PROJECT

sys.path.insert(0, str(PROJECT))

from scripts.drill.compose import Composed

SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
ELSEWHERE = (
    "/run/secrets",
    "/opt/",
    "/var/lib/",
    "/var/log/",
    "/srv/",
    "postgres:",
    "redis:",
    ":8080",
)


@pytest.fixture
def shape(tmp_path: Path) -> Composed:
    made = Composed(tmp_path / "drill")
    made.root.mkdir()
    made.prepare()
    return made


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
    return content


def test_each_service_has_the_settings_of_the_compose_file_at_places_of_the_drill(
    shape: Composed, compose: dict[str, Any]
) -> None:
    for service in SERVICES:
        wanted = compose["services"][service]["environment"]
        found = shape.environment(service)
        assert wanted.keys() <= found.keys()
        texts = [found[name] for name in wanted] + shape.command(service)
        texts += shape.check(service, "here")
        assert [t for t in texts if any(there in str(t) for there in ELSEWHERE)] == []
        for name, value in wanted.items():
            if not any(there in str(value) for there in (*ELSEWHERE, "${")):
                assert found[name] == str(value) or name.endswith("__WORKERS"), name


def test_every_secret_is_made_for_one_pair_of_eyes(
    shape: Composed, compose: dict[str, Any]
) -> None:
    assert {path.name for path in shape.secrets.iterdir()} == set(compose["secrets"])
    for path in shape.secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for name in ("airflow_database_url", "airflow_broker_url", "ledger_url"):
        assert "@127.0.0.1:" in (shape.secrets / name).read_text()
    known = json.loads((shape.secrets / "airflow_connections.json").read_text())
    assert known["poverty_watch_smtp"]["host"] == "127.0.0.1"


def test_the_program_is_a_copy_without_leftovers(shape: Composed) -> None:
    assert (shape.project / "dags" / "monthly_monitoring.py").is_file()
    assert not list(shape.project.rglob("__pycache__"))
    script = shape.script("make_databases.sh").read_text()
    assert "/run/secrets" not in script
    assert str(shape.secrets) in script
    assert "/run/secrets" in (PROJECT / "include" / "compose" / "make_databases.sh").read_text()
