"""What a workbook says beside its cells, and whether it is safe to have its cells read."""

from poverty_watch.workbooks.facts import HostileError, SheetFacts, WorkbookFacts

__all__ = ["HostileError", "SheetFacts", "WorkbookFacts"]
