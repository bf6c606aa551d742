"""Which warning one repeats."""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigId, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("warnings", sa.Column("first_id", BigId, nullable=True))
    op.add_column("warnings", sa.Column("first_time", UtcDateTime, nullable=True))
    op.add_column("warnings", sa.Column("repeat", sa.Integer, nullable=False, server_default="1"))
    op.create_index("ix_warnings_first_id", "warnings", ["first_id"])


def downgrade() -> None:
    op.drop_index("ix_warnings_first_id", "warnings")
    for name in ("repeat", "first_time", "first_id"):
        op.drop_column("warnings", name)
