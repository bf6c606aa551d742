"""MLflow's REST interface as serving uses it, in memory: a transport for httpx."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass
class FakeMlflow(httpx.AsyncBaseTransport):
    """Registered models over bundle folders.

    Attributes:
        versions: (name, version) → bundle folder.
        aliases: name → alias → version.
        down: whether it refuses connections.
        requests: paths asked for, in order.
        created_ms: when all versions were made.
    """

    versions: dict[tuple[str, int], Path] = field(default_factory=dict)
    aliases: dict[str, dict[str, int]] = field(default_factory=dict)
    down: bool = False
    requests: list[str] = field(default_factory=list)
    created_ms: int = 1

    def publish(self, name: str, version: int, folder: Path, *aliases: str) -> None:
        self.versions[name, version] = folder
        for alias in aliases:
            self.aliases.setdefault(name, {})[alias] = version

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("connection refused", request=request)
        query = request.url.params
        match request.url.path:
            case "/api/2.0/mlflow/registered-models/search":
                return httpx.Response(200, json={"registered_models": self._models()})
            case "/api/2.0/mlflow/model-versions/get":
                return self._version(query["name"], int(query["version"]))
            case "/model-versions/get-artifact":
                path = self.versions[query["name"], int(query["version"])] / query["path"]
                if not path.is_file():
                    return httpx.Response(404)
                return httpx.Response(200, content=path.read_bytes())
        return httpx.Response(404)

    def _version(self, name: str, version: int) -> httpx.Response:
        if (name, version) not in self.versions:
            return httpx.Response(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST"})
        record = {
            "run_id": f"run{version}",
            "creation_timestamp": self.created_ms,
            "tags": [{"key": "dagster_run", "value": f"dagster{version}"}],
        }
        return httpx.Response(200, json={"model_version": record})

    def _models(self) -> list[dict]:
        return [
            {
                "name": name,
                "creation_timestamp": 1,
                "aliases": [{"alias": a, "version": str(v)} for a, v in self.aliases.get(name, {}).items()],
            }
            for name in sorted({name for name, _ in self.versions})
        ]
