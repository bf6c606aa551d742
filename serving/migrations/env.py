"""How Alembic reaches the database: over the connection that `serving.store.migrate` holds."""

from alembic import context

from serving.events import tables as _events
from serving.gateway.accounts import tables as _accounts
from serving.gateway.history import tables as _history
from serving.live.outputs.notify import tables as _notifications
from serving.live.sources.push import tables as _tokens
from serving.scores import tables as _infer
from serving.store import memory_tables as _live
from serving.store.migrate import VERSION_TABLE
from serving.store.tables import Base
from serving.warnings import tables as _warnings

DOMAINS = (_accounts, _history, _infer, _live, _warnings, _events, _tokens, _notifications)
"""Importing a domain's tables puts them into the metadata."""

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
