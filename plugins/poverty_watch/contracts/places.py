"""Paths with placeholders, as ``department.yaml`` writes them: ``/{month}/{department}``."""

from __future__ import annotations

import re

from poverty_watch.months import Month

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = ("month", "month_first_day", "month_last_day", "department", "department_title")


def unknown_placeholders(template: str) -> list[str]:
    """What stands in braces and means nothing."""
    return [f"{{{name}}}" for name in _PLACEHOLDER.findall(template) if name not in _KNOWN]


def filled(template: str, month: Month, department_id: str, title: str) -> str:
    """The template for a month and a department: months as 2021-04, days as 2021-04-30."""
    values = dict(
        zip(
            _KNOWN,
            (
                str(month),
                month.first_day.isoformat(),
                month.last_day.isoformat(),
                department_id,
                title,
            ),
            strict=True,
        )
    )
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
