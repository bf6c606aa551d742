"""How Alembic reaches the database: over the connection that `serving.gateway.migrate` holds."""

from alembic import context

from serving.gateway.accounts import tables as _accounts
from serving.gateway.events import tables as _events
from serving.gateway.history import tables as _history
from serving.gateway.infer import tables as _infer
from serving.gateway.live import tables as _live
from serving.gateway.migrate import VERSION_TABLE
from serving.gateway.tables import Base
from serving.gateway.warnings import tables as _warnings

DOMAINS = (_accounts, _history, _infer, _live, _warnings, _events)
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
