"""Give open tasks to another township or village, any number at once, each with its outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Task
from poverty_watch.ledger.store import Ledger

_BATCH = 500


@dataclass(frozen=True)
class Assignment:
    """Who is to visit; an empty ``township`` or ``village`` stays as it is."""

    task_id: int
    township: str = ""
    village: str = ""


@dataclass(frozen=True)
class Assigned:
    """What became of one assignment. ``outcome``: 已改派, 没有变化, or why not."""

    task_id: int
    is_done: bool
    outcome: str


def assign(
    ledger: Ledger, wanted: Iterable[Assignment], viewer: Viewer, reason: str
) -> list[Assigned]:
    """Re-assign open tasks in one transaction; one that cannot be stops no other.

    A township moves its own tasks between its villages; only the county gives them to another
    township. The due day and the sheets that are out stay in force.

    Returns:
        An outcome for each, in the order given.
    """
    rows = list(wanted)
    results: list[Assigned] = []
    changed: list[dict[str, str | int]] = []
    with ledger.transaction(viewer) as session:
        ids = sorted({row.task_id for row in rows})
        tasks: dict[int, Task] = {}
        for start in range(0, len(ids), _BATCH):
            query = select(Task).where(Task.id.in_(ids[start : start + _BATCH])).order_by(Task.id)
            tasks |= {task.id: task for task in session.scalars(query.with_for_update())}
        for row in rows:
            task = tasks.get(row.task_id)
            told = _refused(row, task, viewer)
            if told or task is None:
                results.append(Assigned(row.task_id, False, told))
                continue
            before = task.township, task.village
            township, village = row.township.strip() or before[0], row.village.strip() or before[1]
            if (township, village) == before:
                results.append(Assigned(row.task_id, True, "没有变化"))
                continue
            task.township, task.village = township, village
            changed.append(
                {"task": task.id, "from": "/".join(before), "to": f"{township}/{village}"}
            )
            results.append(Assigned(row.task_id, True, "已改派"))
        if changed:
            record(
                session,
                "改派核实任务",
                f"{len(changed)}件",
                actor=viewer.name,
                reason=reason,
                tasks=changed,
            )
    return results


def _refused(row: Assignment, task: Task | None, viewer: Viewer) -> str:
    if task is None:
        return f"没有编号为{row.task_id}的核实任务，或不属于{viewer.title}"
    if task.status != "open":
        return f"已于{task.decided_on}办结，不能改派"
    if viewer.role not in ("county", "system") and row.township.strip() not in ("", task.township):
        return "改派到别的乡镇由县专班办理"
    return ""
