"""What came of a forecast: whether its event began within its horizon, and when, if it had cleared before."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("warnings", sa.Column("escalated_time", UtcDateTime, nullable=True))
    op.add_column("warnings", sa.Column("came_as", sa.String(12), nullable=True))
    op.add_column("warnings", sa.Column("missed_time", UtcDateTime, nullable=True))


def downgrade() -> None:
    for column in ("missed_time", "came_as", "escalated_time"):
        op.drop_column("warnings", column)
