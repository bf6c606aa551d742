"""Bringing the database to the newest revision at start; two services that start at once don't meet.

Belongs here: the lock and the call of Alembic. Doesn't belong here: revisions (`serving/migrations/versions`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from plant_assets.profile.variables import SettingsError
from serving.store.database import WRITES, prepare_sqlite

VERSION_TABLE = "gateway_alembic_version"
_LOCK_KEY = 723_002  # any number that no other user of the database's advisory locks takes
_LOCK_WITHIN_S = 120
_alembic = threading.Lock()
"""Alembic keeps what it works on in its modules, so that two threads would take each other's."""
_SCRIPTS = Path(__file__).parents[1] / "migrations"


def migrate(url: URL, wait_s: float = 30) -> None:
    """Bring the database to the newest revision; waits so long for a server that isn't there yet.

    Raises:
        SettingsError: the database doesn't respond, or is newer than this version of the gateway.
    """
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)  # it holds hashes of passwords; its log takes the mode over
        url = url.set(drivername="sqlite")
    engine = sa.create_engine(
        url, poolclass=sa.NullPool, hide_parameters=True, execution_options={WRITES: True}
    )
    if url.drivername == "sqlite":
        prepare_sqlite(engine)
    attempts = Retrying(
        retry=retry_if_exception_type(OperationalError),
        stop=stop_after_delay(wait_s),
        wait=wait_exponential(0.1, max=2),
        reraise=True,
    )
    try:
        attempts(_upgrade, engine)
    except OperationalError as error:
        place = url.render_as_string(hide_password=True)
        raise SettingsError(
            f"the database {place} is not usable: {str(error.orig).strip().splitlines()[0]}"
        ) from None


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    with _alembic, _alone(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SettingsError(
                f"the gateway's database belongs to another version of Forewarn: {error}"
            ) from None


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[Connection]:
    """A transaction during which nobody else migrates."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
            yield connection
        return
    with FileLock(f"{engine.url.database}.lock", timeout=_LOCK_WITHIN_S), engine.begin() as connection:
        yield connection
