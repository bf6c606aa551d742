"""Fixtures of ingest's tests: a plant, a ledger in each kind of database, and a drop folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from plant_assets.ingest.folder.ledger import DropLedger
from tests.ingest.drops import Site
from tests.ingest.folder.ledgers import PLANT


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DropLedger]:
    if request.param == "sqlite":
        made = DropLedger(f"sqlite:///{tmp_path}/state/manifest.db")
    else:
        url = request.getfixturevalue("postgres")
        made = DropLedger(url)
        with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as connection:
            connection.execute(sa.text("TRUNCATE drop_files"))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop" / PLANT
    made.mkdir(parents=True)
    return made


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
