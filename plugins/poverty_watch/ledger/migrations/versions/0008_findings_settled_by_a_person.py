"""Findings that a person has settled

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("finding") as table:
        table.add_column(sa.Column("settled_month", sa.String(length=7), nullable=True))
        table.add_column(sa.Column("settled_by", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("settled_because", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("finding") as table:
        for column in ("settled_because", "settled_by", "settled_month"):
            table.drop_column(column)
