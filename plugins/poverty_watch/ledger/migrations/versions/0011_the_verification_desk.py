"""The verification desk

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sheet_return",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("township", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_return")),
        sa.UniqueConstraint("sha256", "township", name=op.f("uq_sheet_return_sha256_township")),
    )
    op.create_index(op.f("ix_sheet_return_month"), "sheet_return", ["month"])
    op.create_table(
        "task_answer",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_answer_task_id_task")),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["sheet_return.id"],
            name=op.f("fk_task_answer_return_id_sheet_return"),
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_answer")),
    )
    op.create_index(op.f("ix_task_answer_return_id"), "task_answer", ["return_id"])
    op.create_table(
        "task_rung",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(length=16), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_rung_task_id_task")),
        sa.PrimaryKeyConstraint("task_id", "rung", name=op.f("pk_task_rung")),
    )
    op.create_table(
        "desk_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_mail")),
        sa.UniqueConstraint(
            "rung", "recipient", "day", name=op.f("uq_desk_mail_rung_recipient_day")
        ),
    )


def downgrade() -> None:
    for table in ("desk_mail", "task_rung", "task_answer", "sheet_return"):
        op.drop_table(table)
