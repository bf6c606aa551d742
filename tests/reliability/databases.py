"""Looks at a service's database from outside."""

import sqlalchemy as sa

from serving.settings import ServingSettings
from serving.store.database import database_url


def engine_of(settings: ServingSettings) -> sa.Engine:
    """For looks at a gateway's database from outside."""
    url = database_url(settings)
    if not settings.database_url:
        url = url.set(drivername="sqlite")
        settings.home.joinpath("gateway").mkdir(parents=True, exist_ok=True)
    return sa.create_engine(url, poolclass=sa.NullPool)
