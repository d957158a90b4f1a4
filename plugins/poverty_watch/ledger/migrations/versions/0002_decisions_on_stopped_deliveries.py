"""Decisions on stopped deliveries

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stopped_decision",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("fk_stopped_decision_delivery_id_delivery"),
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_stopped_decision")),
    )


def downgrade() -> None:
    op.drop_table("stopped_decision")
