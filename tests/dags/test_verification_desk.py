from __future__ import annotations

import re
from typing import Any

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_returns_are_taken_before_anybody_is_reminded_and_failure_stops_no_reminder(
    bag: Any,
) -> None:
    desk = bag.dags["verification_desk"]
    names = {
        "is_workday",
        "take_returns",
        "remind",
        "send_mails",
        "refresh_sheets",
        "write_help_lists",
    }
    assert set(desk.task_ids) == names
    assert desk.get_task("take_returns").upstream_task_ids == {"is_workday"}
    assert desk.get_task("remind").upstream_task_ids == {"take_returns"}
    assert desk.get_task("remind").trigger_rule == "all_done"
    for name in ("refresh_sheets", "write_help_lists"):
        assert desk.get_task(name).upstream_task_ids == {"take_returns"}
        assert desk.get_task(name).trigger_rule == "all_done"
    assert desk.get_task("send_mails").upstream_task_ids == {"remind"}
    assert desk.get_task("is_workday").ignore_downstream_trigger_rules


def test_staff_read_chinese(bag: Any) -> None:
    desk = bag.dags["verification_desk"]
    assert CHINESE.search(desk.dag_display_name)
    assert CHINESE.search(desk.doc_md)
    assert all(CHINESE.search(task.task_display_name) for task in desk.tasks)
    assert not desk.catchup
    assert desk.max_active_runs == 1
