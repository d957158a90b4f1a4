"""How long a source is waited for, and how often it is asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from poverty_watch.intake.sources.interface import TemporaryError

log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Patience:
    """All times in seconds.

    ``first_wait`` doubles from one attempt to the next; ``silence`` is how long the other side may
    say nothing; ``whole`` is what one answer, one query or one file may take altogether.
    """

    attempts: int = 4
    first_wait: float = 5.0
    silence: float = 60.0
    whole: float = 1800.0


PATIENCE = Patience()
"""What is usual."""


def patiently(ask: Callable[[], _Result], patience: Patience, what: str) -> _Result:
    """Ask, and after a `TemporaryError` ask again, each time after a longer wait.

    Raises:
        TemporaryError: the last attempt's.
    """

    def told(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0
        log.warning(
            "%s：第%d次没有成功（%s），%.0f秒后再试", what, state.attempt_number, error, wait
        )

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=tenacity.wait_exponential(multiplier=patience.first_wait, max=120),
        retry=tenacity.retry_if_exception_type(TemporaryError),
        before_sleep=told,
        reraise=True,
    )
    return retrying(ask)
