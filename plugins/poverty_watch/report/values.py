"""The values that a cell can hold."""

from __future__ import annotations

from typing import Any

Value = str | int | float | None
# A nested mapping holds open-ended details (risk → households) that the template spreads out.
Row = dict[str, Any]

NOT_KNOWN: Value = None
NOT_APPLICABLE: Value = "/"
NOT_KNOWN_MARK = "—"
NOT_JUDGED: Value = "无法判断"
NO_TOWNSHIP = "（乡镇未填）"
"""Stands in the place of a township that the register leaves blank."""
