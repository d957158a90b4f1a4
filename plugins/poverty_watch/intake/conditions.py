"""Ask Great Expectations which rows do not meet the expectations of a suite.

Of each expectation its condition is asked, and of nothing the reports that Great Expectations would
make of it (counts, samples, queries, the same values as JSON): these take four times as long as the
condition itself, whether a delivery has ten rows or ten thousand, and nobody reads them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_BATCH = "delivery"


class ConditionError(ValueError):
    """An expectation cannot be carried out; the message is Great Expectations' own."""

    def __init__(self, configuration: Any, message: str) -> None:
        super().__init__(message)
        self.configuration = configuration


@dataclass(frozen=True)
class Outcome:
    """An expectation's configuration, the rows that do not meet it, and of how many it was asked."""

    configuration: Any
    failing: np.ndarray
    judged: int


def outcomes(expectations: list[Any], rows: pd.DataFrame) -> list[Outcome]:
    """How each expectation comes out on these rows, which are known by the numbers in their index.

    Raises:
        ConditionError: one that is not about single rows, or does not fit its column.
    """
    from great_expectations.exceptions import MetricResolutionError
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    configurations = [expectation.configuration for expectation in expectations]
    metrics = [_condition(*pair) for pair in zip(expectations, configurations, strict=True)]
    engine = PandasExecutionEngine()
    engine.load_batch_data(_BATCH, rows)
    try:
        found, _ = MetricsCalculator(engine).compute_metrics(metrics, {"catch_exceptions": False})
    except MetricResolutionError as error:
        failed = {metric.id for metric in error.failed_metrics}
        named = zip(configurations, metrics, strict=True)
        culprit = next((c for c, metric in named if metric.id in failed), configurations[0])
        raise ConditionError(culprit, str(error)) from None
    finally:
        # Engine and batch refer to each other: the rows would stay until the collector comes.
        engine.batch_manager.batch_data_cache.clear()
    return [
        _outcome(configuration, found[metric.id][0])
        for configuration, metric in zip(configurations, metrics, strict=True)
    ]


def _condition(expectation: Any, configuration: Any) -> Any:
    from great_expectations.expectations.registry import get_metric_kwargs
    from great_expectations.validator.metric_configuration import MetricConfiguration

    asked = getattr(expectation, "map_metric", None)
    if not asked:
        raise ConditionError(configuration, "it says nothing about single rows")
    name = f"{asked}.condition"
    keys, given = get_metric_kwargs(name), expectation.dict()
    domain, limits = (
        {key: given[key] for key in keys[words] if given.get(key) is not None}
        for words in ("metric_domain_keys", "metric_value_keys")
    )
    return MetricConfiguration(name, domain, limits)


def _outcome(configuration: Any, unmet: pd.Series) -> Outcome:
    """``unmet`` is indexed by the rows that could be asked: those with something in the column."""
    flags = unmet.to_numpy(dtype=bool)
    return Outcome(configuration, unmet.index.to_numpy()[flags].astype(np.int64), len(unmet))
