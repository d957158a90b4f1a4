"""Progress of a run in words: which step of which department, as tasks tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from poverty_watch.contracts import load_catalogue

# The steps that a month cannot do without, in order; a department's own failure is not among them.
STAGES = {
    "stage": "整理人户",
    "compare": "比对",
    "warn": "预警",
    "compare_register": "与登记册核对",
    "settle_findings": "比对问题",
    "write_finding_lists": "比对问题清单",
    "raise_leads": "线索",
    "open_tasks": "核实任务",
    "write_task_sheets": "核实任务表",
    "build_report": "月报",
    "write_exports": "内部清单",
}
_SETTLED = "settle"


@dataclass
class Progress:
    """Reads the progress file of a run bit by bit and keeps what failed."""

    path: Path
    failed: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    _read: int = 0

    def news(self) -> Iterator[tuple[str, bool]]:
        """New lines to show since the last call, each with whether it is a failure."""
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            stream.seek(self._read)
            for raw in stream:
                if not raw.endswith(b"\n"):
                    break
                self._read += len(raw)
                yield from self._told(json.loads(raw))

    def _told(self, line: dict[str, str]) -> Iterator[tuple[str, bool]]:
        task, event, summary = line["task"], line["event"], line["summary"]
        group, _, step = task.rpartition(".")
        if not group and task not in STAGES:
            return
        if event == "failed":
            self.failed[task] = summary
            yield f"  ✗ {title_of(task)}：{summary}", True
        elif event in ("done", "skipped"):
            self.done[task] = summary
            if step == _SETTLED or not group:
                words = summary if group else f"{STAGES[task]}：{summary}"
                if summary:
                    is_bad = any(each.startswith(f"{group}.") for each in self.failed if group)
                    mark = "✗" if is_bad else "✓" if event == "done" else "－"
                    yield f"  {mark} {words}", is_bad

    @property
    def failed_departments(self) -> list[str]:
        """Titles of departments one of whose steps failed."""
        departments = load_catalogue().departments
        ids = dict.fromkeys(task.split(".")[0] for task in self.failed if "." in task)
        return [departments[each].title for each in ids if each in departments]

    @property
    def is_complete(self) -> bool:
        """Whether every stage of the month was carried out or skipped on purpose."""
        return all(stage in self.done for stage in STAGES)


def title_of(task: str) -> str:
    """A task's name for staff: department and step."""
    group, _, step = task.rpartition(".")
    steps = {
        "await_delivery": "等待报送",
        "fetch": "收取文件",
        "validate": "校验",
        "settle": "登记结果",
        "answer": "回执",
        "stopped": "有无整份暂停",
        "accept": "登记决定",
    }
    if not group:
        return STAGES.get(task, task)
    department = load_catalogue().departments.get(group)
    return f"{department.title if department else group}{steps.get(step, step)}"
