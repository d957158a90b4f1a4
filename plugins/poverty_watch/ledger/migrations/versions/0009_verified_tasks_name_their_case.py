"""Verified tasks name their case

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CASE = "fk_task_case_id_household_case"


def upgrade() -> None:
    with op.batch_alter_table("household_case") as table:
        table.add_column(sa.Column("head_person_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("agreed_in", sa.String(length=7), nullable=True))
        table.drop_constraint("uq_household_case_task_id", type_="unique")
        table.drop_constraint("fk_household_case_task_id_task", type_="foreignkey")
        table.drop_column("task_id")
    if op.get_bind().dialect.name == "sqlite":
        # Alembic would build the table anew, which the reasons that refer to it do not allow.
        op.execute(
            f"ALTER TABLE task ADD COLUMN case_id INTEGER"
            f" CONSTRAINT {CASE} REFERENCES household_case (id)"
        )
    else:
        op.add_column("task", sa.Column("case_id", sa.Integer(), nullable=True))
        op.create_foreign_key(CASE, "task", "household_case", ["case_id"], ["id"])
    op.create_index("ix_task_case_id", "task", ["case_id"])


def downgrade() -> None:
    op.drop_index("ix_task_case_id", "task")
    with op.batch_alter_table("task") as table:
        table.drop_constraint(CASE, type_="foreignkey")
        table.drop_column("case_id")
    with op.batch_alter_table("household_case") as table:
        table.add_column(sa.Column("task_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_household_case_task_id_task", "task", ["task_id"], ["id"])
        table.create_unique_constraint("uq_household_case_task_id", ["task_id"])
        table.drop_column("agreed_in")
        table.drop_column("head_person_id")
