from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.conftest import command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--month", "2021-13"), "没有“2021-13”这个月份"),
        (("run", "--month", "四月"), "不是月份"),
        (("run", "--inbox", "/no/such/folder"), "没有收件夹 /no/such/folder"),
        (("backfill", "--from", "2021-04", "--to", "2021-02"), "晚于"),
        (("sample", "--folder", "x", "--households", "3"), "500"),
        (("status", "2021-4"), "不是月份"),
    ],
)
def test_a_wrong_request_is_refused_in_plain_words(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = command(tmp_path, *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "airflow").exists()


def test_a_month_that_the_inbox_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "2021-03").mkdir(parents=True)
    result = command(tmp_path, "run", "--month", "2021-02")
    assert result.returncode == 2
    assert "2021-02" in result.stderr
    assert "现有：2021-03" in result.stderr


def test_a_month_that_is_not_over_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "2021-05").mkdir(parents=True)
    result = command(tmp_path, "run", "--month", "2021-05")
    assert result.returncode == 2
    assert "还没有过完" in result.stderr


def test_two_runs_on_one_home_do_not_collide(tmp_path: Path) -> None:
    from poverty_watch.cli.airflow_home import AirflowHome
    from poverty_watch.settings import Settings

    (tmp_path / "inbox" / "2021-04").mkdir(parents=True)
    home = AirflowHome(
        Settings(tmp_path, tmp_path / "inbox", f"sqlite:///{tmp_path}/ledger.sqlite")
    )
    with home.locked():
        result = command(tmp_path, "run", "--month", "2021-04")
    assert result.returncode == 2
    assert "正有另一次运行" in result.stderr


def test_a_killed_command_leaves_no_process_behind(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "from poverty_watch.cli.airflow_home import end_with\n"
        "child = subprocess.Popen(['sleep', '600'], preexec_fn=end_with(os.getpid()))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if (
            not Path(f"/proc/{child}").exists()
            or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]
        ):
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent")
