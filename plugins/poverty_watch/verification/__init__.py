"""From leads to a family's door: tasks with their deadlines, and the sheets that townships fill in."""

from poverty_watch.verification.corrections import CorrectionLists, write_correction_lists
from poverty_watch.verification.sheets import SheetsOutcome, write_task_sheets
from poverty_watch.verification.tasks import TasksOutcome, open_tasks

__all__ = [
    "CorrectionLists",
    "SheetsOutcome",
    "TasksOutcome",
    "open_tasks",
    "write_correction_lists",
    "write_task_sheets",
]
