"""Accounts that may not log in."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("users", sa.Column("disabled_at", UtcDateTime, nullable=True))


def downgrade() -> None:
    op.drop_column("users", "disabled_at")
