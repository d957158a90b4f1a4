"""From leads to a family's door: tasks with their deadlines, and the sheets that townships fill in."""

from poverty_watch.verification.sheets import SheetsOutcome, write_task_sheets
from poverty_watch.verification.tasks import TasksOutcome, open_tasks

__all__ = ["SheetsOutcome", "TasksOutcome", "open_tasks", "write_task_sheets"]
