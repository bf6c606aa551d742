"""MLflow as the gateway asks it: a plant's champion with two versions, and a validation report.

Belongs here: what MLflow answers. The registry as inference asks it is `tests.serving.mlflow_fake`.
"""

import json
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response

from plant_assets.bundle.manifest import FORMAT_TAG, FORMAT_VERSION

NAME = "demo_alarm_champion"
INTERVAL = {"value": 0.6, "low": 0.4, "high": 0.8}
RESULT = {
    "model": "champion",
    **dict.fromkeys(
        ("pr_auc", "roc_auc", "brier", "recall", "lead", "false_hours", "false_episodes"), INTERVAL
    ),
}
BIN = {"low": 0, "high": 0.1, "count": 3, "mean_probability": 0.05, "observed": None}
REPORT = {
    "schema": 1, "plant": "demo", "created": "2026-01-01T00:00:00+00:00", "sentences": ["a", "b", "c"], "notes": [],
    "tested": {"rows": 9, "first": None, "last": None, "oof_first": None, "oof_last": None},
    "horizons": [{
        "hours": 0, "base_rate": 0.2, "n_events": 5, "models": [RESULT],
        "baselines": [RESULT | {"model": "clock_only", "brier": {"value": None, "low": None, "high": None}}],
        "comparisons": [{"model": "champion", "sentence": "It wins."}],
        "curves": [{"model": "champion", "reliability": [BIN], "roc": [[0, 1]]}],
    }],
    "verdict": None, "further": {"deviation_predictor.mae": 0.4}, "titles": {}, "lineage": {"dagster_run": "run-2"},
}  # fmt: skip


@dataclass
class FakeMlflow:
    """Two versions of the champion; the second run made a report.

    Attributes:
        files: artifacts of the report's run.
        reports: the experiment that holds it.
        sent: (path, body) of each change.
        formats: of versions whose bundle is of another format than this release's.
    """

    files: dict[str, bytes] = field(
        default_factory=lambda: {
            "validation_report.json": json.dumps(REPORT).encode(),
            "validation_report.html": b"<p>",
        }
    )
    reports: str = "demo_alarm_validation"
    aliases: dict[str, str] = field(default_factory=lambda: {"champion": "1", "challenger": "2"})
    tags: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict]] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)

    @property
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/get-artifact")
        async def artifact(path: str) -> Response:
            return Response(self.files[path]) if path in self.files else Response(status_code=404)

        @app.api_route("/api/2.0/mlflow/{path:path}", methods=["GET", "POST", "DELETE"])
        async def rest(path: str, request: Request) -> Response:
            body = json.loads(await request.body() or b"{}")
            if request.method != "GET" and path != "runs/search":
                self._change(request.method, path, body)
            found = self._found(path, dict(request.query_params), body)
            status = 200 if found is not None else 404
            return Response(json.dumps(found or {"error_code": "RESOURCE_DOES_NOT_EXIST"}), status)

        return app

    def _change(self, method: str, path: str, body: dict) -> None:
        self.sent.append((path, body))
        if path.endswith("set-tag"):
            self.tags[body["key"]] = body["value"]
        elif method == "DELETE":
            del self.aliases[body["alias"]]
        else:
            self.aliases[body["alias"]] = body["version"]

    def _found(self, path: str, query: dict[str, str], body: dict) -> dict | None:
        aliases = [{"alias": alias, "version": version} for alias, version in self.aliases.items()]
        tags = [{"key": key, "value": value} for key, value in self.tags.items()]
        model = {"name": NAME, "aliases": aliases, "tags": tags}
        match path:
            case "registered-models/search":
                return {"registered_models": [model, {"name": "demoXalarm_other"}]}
            case "registered-models/get":
                return {"registered_model": model}
            case "model-versions/search":
                return {"model_versions": [self._version(1), self._version(2)]}
            case "model-versions/get":
                number = int(query["version"])
                return {"model_version": self._version(number)} if number in (1, 2) else None
            case "experiments/get-by-name":
                return {"experiment": {"experiment_id": query["experiment_name"]}}
            case "runs/search":
                return self._runs(body)
        return {}

    def _version(self, number: int) -> dict:
        tags = {
            "builder": "random_forest",
            "data_fingerprint": "f" * 64,
            "dagster_run": f"run-{number}",
            FORMAT_TAG: self.formats.get(number, str(FORMAT_VERSION)),
        }
        return {
            "name": NAME, "version": str(number), "run_id": f"mlflow-{number}", "creation_timestamp": 1000 * number,
            "description": "The best", "tags": [{"key": k, "value": v} for k, v in tags.items()],
        }  # fmt: skip

    def _runs(self, body: dict) -> dict:
        if body["experiment_ids"] == ["demo_models"]:
            metrics = [{"key": "pr_auc", "value": 0.6}, {"key": "brier", "value": "NaN"}]
            return {"runs": [{"info": {"run_id": "mlflow-2"}, "data": {"metrics": metrics}}]}
        if body["experiment_ids"] != [self.reports]:
            return {"runs": []}
        found = body["filter"] in ("", "tags.dagster_run = 'run-2'")
        return {"runs": [{"info": {"run_id": "report"}}] if found else []}


SERVED = {
    "name": NAME, "version": 1, "aliases": ["champion"], "status": "ready", "features": ["a"], "metrics": {},
    "data_fingerprint": "e" * 64,
}  # fmt: skip
