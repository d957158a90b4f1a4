"""The locked libraries of the production shape fit each other."""

from __future__ import annotations

import subprocess
import sys


def test_a_worker_s_program_can_be_loaded() -> None:
    """Airflow's provider imports parts of Celery that a newer Celery may have taken away."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import airflow.providers.celery.executors.celery_executor_utils"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr[-2000:]
