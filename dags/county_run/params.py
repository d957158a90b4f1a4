"""What a person may type in the trigger form."""

from __future__ import annotations

from airflow.sdk import Param


def month_param(title: str, description: str) -> Param:
    """A month such as 2021-04, or nothing; Airflow refuses anything else."""
    return Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
        title=title,
        description=description,
    )
