"""HTTP push as a part of the live service's application.

Belongs here: what its `app.py` calls. Doesn't belong here: the routes.
"""

from fastapi import FastAPI

from serving.live.intake import LiveIntake
from serving.live.sources.board import SourceBoard
from serving.live.sources.push import influx_routes, routes
from serving.live.sources.push.receiver import PushReceiver
from serving.live.sources.push.tokens import TokenStore
from serving.store.database import Database


def install_push(app: FastAPI) -> None:
    """Add the routes."""
    app.include_router(routes.router)
    app.include_router(influx_routes.router)


def start_push(app: FastAPI, database: Database, intake: LiveIntake, board: SourceBoard) -> None:
    """Give the routes what they work with, when the service starts."""
    app.state.ingest_tokens = TokenStore(database)
    app.state.push = PushReceiver(intake, board)
