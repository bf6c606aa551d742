"""Dagster's GraphQL as the gateway asks it: one run of a plant that goes on."""

import json

from fastapi import FastAPI, Request

RUN_ID = "abbd7fb2-c594-4744-bb1b-c3373a7d0c05"
RUN = {
    "runId": RUN_ID, "status": "STARTED", "jobName": "demo__pipeline", "startTime": 100.0, "endTime": None,
    "stepKeysToExecute": None,
    "tags": [{"key": "forewarn/plant", "value": "demo"}, {"key": "forewarn/drop", "value": "key-1"}],
    "executionPlan": {"steps": [{"key": f"demo__{name}"} for name in ("features", "raw_sensor_data", "champion")]},
    "stats": {"stepsSucceeded": 1, "stepsFailed": 0},
}  # fmt: skip
DETAIL = {
    "__typename": "Run",
    "stepStats": [
        {"stepKey": "demo__features", "status": "IN_PROGRESS", "startTime": 102.0, "endTime": None},
        {"stepKey": "demo__raw_sensor_data", "status": "SUCCESS", "startTime": 100.5, "endTime": 101.5},
    ],
    "eventConnection": {
        "events": [
            {},
            {"evaluation": {
                "checkName": "no_frozen_tags", "success": False, "severity": "WARN", "timestamp": 101.0,
                "description": "1 frozen tags: LT31013", "assetKey": {"path": ["demo", "raw_sensor_data"]},
            }},
        ]
    },
}  # fmt: skip


class FakeDagster:
    """Answers GraphQL with `data`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.data: dict = {
            "runsOrError": {"__typename": "Runs", "results": [RUN]},
            "runOrError": RUN | DETAIL,
        }
        self.asked: list[dict] = []

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/graphql")
        async def graphql(request: Request) -> dict:
            self.asked.append(json.loads(await request.body()))
            return {"data": self.data}

        return app
