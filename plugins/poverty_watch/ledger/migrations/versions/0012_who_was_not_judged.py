"""Who was not judged, and for want of whose data

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("screening", sa.Column("not_judged", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("screening", "not_judged")
