"""Alembic's entry: runs on the connection that `poverty_watch.ledger.store` hands over."""

from alembic import context

from poverty_watch.ledger.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
