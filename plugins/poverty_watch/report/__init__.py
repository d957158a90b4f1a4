"""The monthly report: figures, workbook, versions, and the exports beside it."""

from poverty_watch.report.errors import LockError, ReportError
from poverty_watch.report.exports import write_exports
from poverty_watch.report.versions import ReportResult, build_report, sign_report

__all__ = [
    "LockError",
    "ReportError",
    "ReportResult",
    "build_report",
    "sign_report",
    "write_exports",
]
