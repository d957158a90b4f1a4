from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from poverty_watch.contracts import load_catalogue
from poverty_watch.settings import EXPECTATIONS, PROJECT

DAGS = PROJECT / "dags"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def departments() -> set[str]:
    return {path.parent.name for path in EXPECTATIONS.glob("*/department.yaml")}


def test_dags_load_without_errors_and_are_exactly_the_known_ones(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {
        "bimonthly_dispatch",
        "deadline_watch",
        "monthly_monitoring",
        "verification_desk",
    }


def test_every_department_folder_is_a_group_under_its_chinese_name(monthly: Any) -> None:
    titles = {id_: d.title for id_, d in load_catalogue().departments.items()}
    shown = {
        id_: child.group_display_name
        for id_, child in monthly.task_group.children.items()
        if hasattr(child, "group_display_name")
    }
    assert set(shown) == departments()
    assert shown == titles


def test_a_department_waits_fetches_validates_and_always_settles(monthly: Any) -> None:
    for department in departments():
        settle = monthly.get_task(f"{department}.settle")
        assert settle.trigger_rule == "all_done"
        assert settle.upstream_task_ids == {f"{department}.fetch", f"{department}.validate"}
        assert monthly.get_task(f"{department}.validate").upstream_task_ids == {
            f"{department}.fetch"
        }
        fetch = monthly.get_task(f"{department}.fetch")
        assert fetch.upstream_task_ids == {"begin", f"{department}.await_delivery"}
        assert fetch.trigger_rule == "none_failed_min_one_success"
        wait = monthly.get_task(f"{department}.await_delivery")
        assert wait.mode == "reschedule"
        assert wait.retries
        assert wait.downstream_task_ids == {f"{department}.fetch"}


def test_one_question_skips_the_receipts_of_all_departments(monthly: Any) -> None:
    gate = monthly.get_task("tells_departments")
    assert gate.upstream_task_ids == {"begin"}
    assert gate.downstream_task_ids == {f"{department}.answer" for department in departments()}
    assert not gate.ignore_downstream_trigger_rules, "what follows a receipt decides for itself"
    for department in departments():
        answer = monthly.get_task(f"{department}.answer")
        assert answer.upstream_task_ids == {"tells_departments", f"{department}.settle"}
        assert answer.trigger_rule == "all_success"


def test_no_department_can_stop_the_month(monthly: Any) -> None:
    stage = monthly.get_task("stage")
    assert stage.upstream_task_ids == {f"{department}.settle" for department in departments()}
    assert stage.trigger_rule == "all_done"


def test_a_person_decides_on_what_stopped_and_the_month_does_not_wait(monthly: Any) -> None:
    for department in departments():
        decide = monthly.get_task(f"{department}.decide")
        assert decide.upstream_task_ids == {f"{department}.stopped"}
        assert decide.defaults == ["都不接收"]
        assert decide.response_timeout is not None
        titles = [c.title for c in load_catalogue().departments[department].contracts.values()]
        assert decide.options == [*(f"接收“{title}”" for title in titles), "都不接收"]
        assert monthly.get_task(f"{department}.stopped").upstream_task_ids == {
            f"{department}.answer"
        }
        assert monthly.get_task(f"{department}.stopped").trigger_rule == "none_skipped"
        assert monthly.get_task(f"{department}.accept").downstream_task_ids == set()


def test_a_failed_stage_stops_what_builds_on_it(monthly: Any) -> None:
    chain = ["stage", "compare", "warn", "raise_leads", "open_tasks"]
    branch = ["warn", "settle_findings", "write_finding_lists"]
    for before, after in (*pairwise(chain), *pairwise(branch)):
        task = monthly.get_task(after)
        assert task.upstream_task_ids == {before}
        assert task.trigger_rule == "all_success"
    compared = monthly.get_task("compare_register")
    assert compared.upstream_task_ids == {"warn"}
    assert compared.downstream_task_ids == set(), "the month does not wait for the office's list"
    assert compared.task_display_name == "与登记册核对"
    sheets = monthly.get_task("write_task_sheets")
    assert sheets.upstream_task_ids == {"open_tasks", "settle_findings"}
    assert sheets.trigger_rule == "all_success"
    day = monthly.get_task("await_report_day")
    assert day.upstream_task_ids == {"raise_leads", "settle_findings", "write_task_sheets"}
    # Tasks and sheets are skipped in a recomputed month.
    assert day.trigger_rule == "none_failed"
    assert day.mode == "reschedule"
    report = monthly.get_task("build_report")
    assert report.upstream_task_ids == {"await_report_day"}
    assert report.trigger_rule == "all_success"


def test_only_a_persons_yes_signs_a_report_and_only_a_signed_one_is_sent(monthly: Any) -> None:
    approve = monthly.get_task("approve")
    assert approve.options == ["同意签发", "退回"]
    # Nobody's silence may stand for an answer.
    assert approve.defaults is None
    assert approve.upstream_task_ids == {"ask_for_signature"}
    signed = monthly.get_task("sign_report")
    assert (signed.upstream_task_ids, signed.trigger_rule) == ({"approve"}, "all_done")
    sent = monthly.get_task("deliver")
    assert (sent.upstream_task_ids, sent.trigger_rule) == ({"sign_report"}, "all_success")


def test_all_that_staff_read_is_chinese(monthly: Any) -> None:
    shown = [monthly.dag_display_name, monthly.description, monthly.doc_md, monthly.owner]
    shown += [task.task_display_name for task in monthly.tasks]
    for name in monthly.params:
        param = monthly.params.get_param(name)
        shown += [param.schema["title"], param.description]
    assert [text for text in shown if not CHINESE.search(text or "")] == []
    assert monthly.tags


def test_a_run_is_a_month(monthly: Any) -> None:
    timetable = monthly.timetable.serialize()
    assert (timetable["expression"], timetable["timezone"]) == ("0 8 1 * *", "Asia/Shanghai")
    assert (timetable["run_offset"], timetable["key_format"]) == (-1, "%Y-%m")
    assert not monthly.catchup


def test_parsing_loads_nothing_heavy() -> None:
    code = (
        "import sys; import monthly_monitoring;"
        "print([m for m in ('pandas','numpy','duckdb','pyarrow','great_expectations') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=DAGS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip().splitlines()[-1] == "[]"


def test_no_date_of_a_run_is_read_but_its_month() -> None:
    forbidden = re.compile(r"\{\{\s*(ds|ts)\b|logical_date|partition_date|data_interval")
    sources = [*DAGS.rglob("*.py"), *(PROJECT / "sql").rglob("*.sql")]
    assert sources
    assert [str(path) for path in sources if forbidden.search(Path(path).read_text("utf-8"))] == []
