"""Cases and a chained journal

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "household_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("household_id", sa.String(length=64), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=False),
        sa.Column("village", sa.String(length=128), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("total_due_on", sa.Date(), nullable=False),
        sa.Column("monitored_class", sa.String(length=16), nullable=True),
        sa.Column("risks", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("outcome_reason", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_household_case_task_id_task")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_case")),
        sa.UniqueConstraint("task_id", name=op.f("uq_household_case_task_id")),
    )
    with op.batch_alter_table("household_case", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_household_case_household_id"), ["household_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_household_case_month"), ["month"], unique=False)
        batch_op.create_index(
            "uq_household_case_open_household",
            ["household_id"],
            unique=True,
            sqlite_where=sa.text("closed_on IS NULL"),
            postgresql_where=sa.text("closed_on IS NULL"),
        )

    op.create_table(
        "case_difference",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=False),
        sa.Column("here", sa.Text(), nullable=True),
        sa.Column("in_register", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["household_case.id"],
            name=op.f("fk_case_difference_case_id_household_case"),
        ),
        sa.PrimaryKeyConstraint("month", "case_id", "field", name=op.f("pk_case_difference")),
    )
    op.create_table(
        "case_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("next_step", sa.String(length=16), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["household_case.id"], name=op.f("fk_case_step_case_id_household_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_step")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_case_step_case_id_number")),
    )
    op.create_table(
        "measure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("household_id", sa.String(length=64), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=False),
        sa.Column("village", sa.String(length=128), nullable=False),
        sa.Column("risk", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("is_developing", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("planned_by", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["household_case.id"], name=op.f("fk_measure_case_id_household_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure")),
    )
    with op.batch_alter_table("measure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measure_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_measure_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            "uq_measure_standing",
            ["household_id", "risk", "kind", "department"],
            unique=True,
            sqlite_where=sa.text("status = 'planned'"),
            postgresql_where=sa.text("status = 'planned'"),
        )

    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hash", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_column("hash")

    with op.batch_alter_table("measure", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_measure_standing",
            sqlite_where=sa.text("status = 'planned'"),
            postgresql_where=sa.text("status = 'planned'"),
        )
        batch_op.drop_index(batch_op.f("ix_measure_household_id"))
        batch_op.drop_index(batch_op.f("ix_measure_case_id"))

    op.drop_table("measure")
    op.drop_table("case_step")
    op.drop_table("case_difference")
    with op.batch_alter_table("household_case", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_household_case_open_household",
            sqlite_where=sa.text("closed_on IS NULL"),
            postgresql_where=sa.text("closed_on IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_household_case_month"))
        batch_op.drop_index(batch_op.f("ix_household_case_household_id"))

    op.drop_table("household_case")
    op.drop_table("journal_head")
