"""Outcomes of verification, and the evidence that they speak of

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("task") as table:
        table.add_column(sa.Column("outcome", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("decided_on", sa.Date(), nullable=True))
    with op.batch_alter_table("task_reason") as table:
        table.add_column(sa.Column("since", sa.String(length=7), nullable=True))
        table.add_column(sa.Column("value", sa.Text(), nullable=True))
        table.add_column(sa.Column("events", sa.JSON(), nullable=True))
        table.add_column(sa.Column("gone_in", sa.String(length=7), nullable=True))
    op.execute("UPDATE task_reason SET since = month")
    with op.batch_alter_table("task_reason") as table:
        table.alter_column("since", existing_type=sa.String(length=7), nullable=False)
    with op.batch_alter_table("hit_fate") as table:
        table.add_column(sa.Column("events", sa.JSON(), nullable=True))
        table.add_column(sa.Column("task_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("hit_fate") as table:
        table.drop_column("task_id")
        table.drop_column("events")
    with op.batch_alter_table("task_reason") as table:
        for column in ("gone_in", "events", "value", "since"):
            table.drop_column(column)
    with op.batch_alter_table("task") as table:
        table.drop_column("decided_on")
        table.drop_column("outcome")
