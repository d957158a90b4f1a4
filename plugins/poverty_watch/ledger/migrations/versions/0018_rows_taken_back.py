"""Rows that their sender has taken back

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "delivery", sa.Column("voided_rows", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("delivery", "voided_rows")
