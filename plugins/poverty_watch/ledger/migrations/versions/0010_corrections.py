"""Corrections

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "seen_file",
        sa.Column("kind", sa.String(length=16), server_default="whole", nullable=False),
    )
    op.create_table(
        "correction",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("base_id", sa.Integer(), nullable=True),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["delivery.id"], name=op.f("fk_correction_base_id_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_correction_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_correction")),
    )


def downgrade() -> None:
    op.drop_table("correction")
    op.drop_column("seen_file", "kind")
