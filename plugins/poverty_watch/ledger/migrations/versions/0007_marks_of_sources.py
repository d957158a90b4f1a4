"""How far departments' sources have been taken

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_mark",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=768), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=True),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", "department", "item", name=op.f("pk_source_mark")),
    )


def downgrade() -> None:
    op.drop_table("source_mark")
