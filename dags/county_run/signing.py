"""A person's signature, asked for in Airflow; one that is given elsewhere ends the asking."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import TaskAwaitingInput

SIGN, RETURN = "同意签发", "退回"
WAKES_EVERY = timedelta(minutes=5)


class SignOff(HITLOperator):  # type: ignore[misc]  # Airflow comes without types
    """Asks a person to sign, until the report's day is over.

    It wakes now and then to see whether the month was signed from the command line meanwhile. What
    it returns has the person's answer; with nobody's it is ``{"chosen_options": []}``, which signs
    nothing: a time-out is never a yes.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(options=[SIGN, RETURN], **kwargs)

    def execute(self, context: Any) -> Any:
        """Ask, and wait until the next waking."""
        self.response_timeout = self._wait(context)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """An answer, or a waking."""
        if event.get("error_type") != "timeout":
            return super().execute_complete(context, event)
        from county_run.environment import opened

        run = opened(context)
        from poverty_watch.report.signing import signed_already

        if signed_already(run.month, run.settings, run.ledger) is None:
            left = self._left(run)
            if left > timedelta():
                raise TaskAwaitingInput(
                    method_name="execute_complete", timeout=min(left, WAKES_EVERY)
                )
        return {"chosen_options": []}

    def _wait(self, context: Any) -> timedelta:
        from county_run.environment import opened

        return min(max(self._left(opened(context)), timedelta(seconds=1)), WAKES_EVERY)

    @staticmethod
    def _left(run: Any) -> timedelta:
        from poverty_watch.months import Workdays
        from poverty_watch.report.signing import decide_by
        from poverty_watch.settings import REFERENCE, present

        calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
        until: datetime = decide_by(run.month, run.settings, run.ledger, calendar, present().date())
        return until - present()
