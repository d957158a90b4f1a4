"""What surrounds a step: installation, conf of the run, progress lines, masked logs and errors."""

from __future__ import annotations

import inspect
import json
import logging
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from county_run.month import report_month

if TYPE_CHECKING:
    from poverty_watch.ledger.deliveries import InForce
    from poverty_watch.ledger.recomputations import Request, Then
    from poverty_watch.ledger.store import Ledger
    from poverty_watch.months import Month
    from poverty_watch.settings import Settings

# The DAGs whose runs are about a day, not a month.
OF_A_DAY = ("verification_desk", "deadline_watch", "bimonthly_dispatch")
PROGRESS = "POVERTY_WATCH_PROGRESS"
log = logging.getLogger(__name__)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class StepFailedError(RuntimeError):
    """A step failed; the message is free of identity numbers, the traceback is in the log, masked."""


@dataclass(frozen=True)
class CountyRun:
    """One run for one month. ``started_by``: who triggered it by hand, empty where nobody did."""

    month: Month
    settings: Settings
    ledger: Ledger
    conf: dict[str, Any]
    is_backfill: bool
    is_by_hand: bool = False
    started_by: str = ""
    run_id: str = ""

    @property
    def is_draft(self) -> bool:
        """A run that waits for nobody: neither for departments nor for a signature."""
        return bool(self.conf.get("draft"))

    @property
    def opens_tasks(self) -> bool:
        """Whether the field is sent out: not for a recomputed month, unless the run says so."""
        return _chosen(self.conf.get("open_tasks"), not self.is_backfill)

    @property
    def asks_for_signature(self) -> bool:
        """Whether a person is asked: not for drafts and recomputed months, unless the run says so."""
        return (
            _chosen(self.conf.get("ask_for_signature"), not self.is_backfill) and not self.is_draft
        )

    @property
    def sends_report(self) -> bool:
        """Whether a signed report is sent: not one of a recomputed month, unless the run says so."""
        return _chosen(self.conf.get("send_report"), not self.is_backfill)

    @property
    def waits(self) -> bool:
        """Whether departments are waited for: not by drafts and recomputed months."""
        return not (self.is_draft or self.is_backfill)

    @cached_property
    def then(self) -> Then | None:
        """The ground of the standing report, where a recomputed month is to keep to that.

        None, too, where the month has no report yet: what is known now is all that ever was.
        """
        if not (self.is_backfill and self.conf.get("known") == "then"):
            return None
        from poverty_watch.ledger.recomputations import known_then

        with self.ledger.transaction() as session:
            return known_then(session, self.month)

    @property
    def known(self) -> Sequence[InForce] | None:
        """The deliveries that the month is computed from; None for those in force."""
        return None if self.then is None else self.then.deliveries

    @property
    def request(self) -> Request:
        """On whose word a month is recomputed, as far as anybody said."""
        from poverty_watch.ledger.recomputations import Request

        return Request(
            batch=str(self.conf.get("batch") or self.run_id)[:64],
            run=self.run_id,
            known="now" if self.then is None else "then",
            reason=str(self.conf.get("reason") or ""),
            by=str(self.conf.get("by") or self.started_by),
        )

    @property
    def report_kind(self) -> str:
        """How the report is marked: 草稿 until signed, 补算 for a recomputed month."""
        return "recomputed" if self.is_backfill else "draft"


def _chosen(said: bool | None, otherwise: bool) -> bool:
    return otherwise if said is None else bool(said)


def opened(context: Any) -> CountyRun:
    """The run that a task belongs to."""
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.settings import Settings

    settings = Settings.from_environment()
    run = context["dag_run"]
    return CountyRun(
        _month_of_the_day() if getattr(run, "dag_id", "") in OF_A_DAY else report_month(context),
        settings,
        open_ledger(settings),
        run.conf or {},
        run.run_type == "backfill",
        run.run_type == "manual",
        getattr(run, "triggering_user_name", None) or "",
        getattr(run, "run_id", "") or "",
    )


def _month_of_the_day() -> Month:
    from poverty_watch.months import Month
    from poverty_watch.settings import today

    return Month.of(today())


@contextmanager
def _masked_log() -> Iterator[None]:
    """Mask identity numbers in every record, whoever writes it, tracebacks included."""
    from poverty_watch.identity import mask_numbers

    plain = logging.getLogRecordFactory()

    def masked(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = plain(*args, **kwargs)
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += "\n" + "".join(traceback.format_exception(record.exc_info[1]))
        record.msg, record.args, record.exc_info = mask_numbers(text), None, None
        return record

    logging.setLogRecordFactory(masked)
    try:
        yield
    finally:
        logging.setLogRecordFactory(plain)


def _tell(task: str, event: str, summary: str = "") -> None:
    """Add a line to the progress file that a waiting command reads, if there is one."""
    path = os.environ.get(PROGRESS)
    if path:
        line = {
            "task": task,
            "event": event,
            "summary": summary,
            "at": datetime.now(UTC).isoformat(),
        }
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def step(
    function: Callable[Concatenate[CountyRun, _Given], _Result],
) -> Callable[_Given, _Result]:
    """Make a task's callable of a function that takes the run, and returns what XCom may hold.

    Whatever the function raises is logged with numbers masked and raised again as `StepFailedError`
    without its cause: an error message may quote the cell that it stumbled over.
    """

    @wraps(function)
    def carried_out(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from poverty_watch.identity import mask_numbers

        context = get_current_context()
        task = context["ti"].task_id
        _tell(task, "start")
        with _masked_log():
            try:
                result = function(opened(context), *args, **kwargs)
            except AirflowSkipException as skipped:
                _tell(task, "skipped", str(skipped))
                raise
            except Exception as error:
                log.exception("%s：%s", task, error)
                summary = mask_numbers(_plainly(error))
                _tell(task, "failed", summary)
                failure = StepFailedError(summary)
            else:
                summary = mask_numbers(result) if isinstance(result, str) else ""
                if summary:
                    log.info("%s", summary)
                _tell(task, "done", summary)
                return summary if isinstance(result, str) else result  # type: ignore[return-value]
        raise failure

    signature = inspect.signature(function)
    given = list(signature.parameters.values())[1:]
    carried_out.__signature__ = signature.replace(parameters=given)  # type: ignore[attr-defined]
    return carried_out


def _plainly(error: BaseException) -> str:
    if isinstance(error, ExceptionGroup):
        return f"{error.message}：" + "；".join(_plainly(each) for each in error.exceptions)
    return str(error) or type(error).__name__
