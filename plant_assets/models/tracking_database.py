"""MLflow's own SQLite database: made whole or not at all.

Belongs here: its first migration. Doesn't belong here: what stands in it (`registry_connection.py`).
"""

from pathlib import Path

from filelock import FileLock

SQLITE = "sqlite:///"


def make_tracking_database(uri: str) -> None:
    """Make the database where there is none; does nothing for a server's address, or one that is there.

    MLflow's migrations are no transaction: killed between two of them it would refuse its database ever after.
    So it is made beside its place, and takes it at the end.

    Raises:
        OSError: it can't be written.
    """
    if not uri.startswith(SQLITE):
        return
    path = Path(uri.removeprefix(SQLITE))
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        if not path.exists():
            _make(path)


def _make(path: Path) -> None:
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine_with_retry

    draft = path.with_name(f".{path.name}.part")
    for left in path.parent.glob(f"{draft.name}*"):  # by a process that was killed
        left.unlink()
    engine = create_sqlalchemy_engine_with_retry(f"{SQLITE}{draft}")
    try:
        _initialize_tables(engine)
    finally:
        engine.dispose()
    draft.replace(path)
