"""Indexes by which pages count a year of months without reading every row."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INDEXES = {
    "finding": (
        "ix_finding_counts",
        [
            "comparison_id",
            "outcome",
            "township",
            "opened_month",
            "closed_month",
            "settled_month",
            "owner",
        ],
    ),
    "hit_fate": ("ix_hit_fate_rule", ["rule_id", "month", "suppressed", "household_id"]),
    "lead": ("ix_lead_township", ["township", "month", "status", "household_id"]),
    "task": (
        "ix_task_progress",
        ["township", "village", "status", "outcome", "due_on", "month"],
    ),
}


def upgrade() -> None:
    for table, (name, columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for table, (name, _) in _INDEXES.items():
        op.drop_index(name, table)
