"""The inbox's tables; they are made where they aren't there.

Times are microseconds since 1970 and columns of plants are numbers, as there are many rows.
"""

import sqlalchemy as sa

metadata = sa.MetaData()
_BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

series = sa.Table(
    "live_series",
    metadata,
    sa.Column("id", _BigId, primary_key=True),
    sa.Column("plant", sa.String(64), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.UniqueConstraint("plant", "name"),
)
"""A column of a plant."""

readings = sa.Table(
    "live_readings",
    metadata,
    sa.Column("id", _BigId, primary_key=True),
    sa.Column("series", sa.BigInteger, nullable=False),
    sa.Column("time_us", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("quality", sa.SmallInteger, nullable=False),
    sa.Column("received_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("series", "time_us"),
    sqlite_autoincrement=True,
)
"""A record, once; with the newest value that came for its instant. `id` goes up in the order of commits."""

corrections = sa.Table(
    "live_corrections",
    metadata,
    sa.Column("id", _BigId, primary_key=True),
    sa.Column("series", sa.BigInteger, nullable=False),
    sa.Column("time_us", sa.BigInteger, nullable=False),
    sa.Column("old_value", sa.Double),
    sa.Column("old_quality", sa.SmallInteger, nullable=False),
    sa.Column("new_value", sa.Double),
    sa.Column("new_quality", sa.SmallInteger, nullable=False),
    sa.Column("received_us", sa.BigInteger, nullable=False),
    sa.Index("ix_live_corrections_series_time_us", "series", "time_us"),
)
"""Another value for an instant that had one."""

flushes = sa.Table(
    "live_flushes",
    metadata,
    sa.Column("plant", sa.String(64), primary_key=True),
    sa.Column("until_us", sa.BigInteger, nullable=False),
)
"""Up to when a plant's records lie in its drop folder."""
