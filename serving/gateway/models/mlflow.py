"""MLflow's REST interface as the gateway uses it: versions, aliases, tags, runs and their artifacts.

Belongs here: requests and what becomes of refusals. Doesn't belong here: what a move of an alias means
(`aliases.py`). Inference reads bundles by `serving.registry`.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
import orjson
from pydantic import BaseModel, Field, JsonValue

from plant_assets.bundle.manifest import FORMAT_TAG, why_unloadable
from serving.gateway.upstream import ServiceClient, parse_answer

MOST_VERSIONS = 1000
MOST_ARTIFACT_BYTES = 32 * 1024 * 1024
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""MLflow's words for what there is not; an alias that nothing has is an invalid parameter to it."""


class TagPair(BaseModel):
    key: str
    value: str = ""


class ModelAlias(BaseModel):
    alias: str
    version: int


class ModelRecord(BaseModel):
    """A registered model."""

    name: str
    aliases: list[ModelAlias] = []
    tags: list[TagPair] = []


class VersionRecord(BaseModel):
    """A version of a registered model."""

    name: str
    version: int
    run_id: str = ""
    description: str = ""
    created_ms: int = Field(default=0, validation_alias="creation_timestamp")
    tags: list[TagPair] = []

    def tag(self, key: str) -> str:
        return next((pair.value for pair in self.tags if pair.key == key), "")

    @property
    def unloadable(self) -> str | None:
        """Why this release can't load its bundle; None where it can."""
        return why_unloadable(self.tag(FORMAT_TAG))


class RunMetric(BaseModel):
    key: str
    value: float | str


class MlflowRunInfo(BaseModel):
    run_id: str


class MlflowRunData(BaseModel):
    metrics: list[RunMetric] = []


class RunRecord(BaseModel):
    """A run with its figures."""

    info: MlflowRunInfo
    data: MlflowRunData = MlflowRunData()


class _Models(BaseModel):
    registered_models: list[ModelRecord] = []


class _Model(BaseModel):
    registered_model: ModelRecord


class _Versions(BaseModel):
    model_versions: list[VersionRecord] = []


class _Version(BaseModel):
    model_version: VersionRecord


class _Runs(BaseModel):
    runs: list[RunRecord] = []


class _Experiment(BaseModel):
    experiment_id: str


class _FoundExperiment(BaseModel):
    experiment: _Experiment


class MlflowClient(ServiceClient):
    """MLflow's server.

    Raises (every method):
        ServiceAway: it doesn't respond.
        BadAnswer: it answers something unusable.
    """

    def __init__(self, address: str, client: httpx.AsyncClient) -> None:
        super().__init__("mlflow", address, client)

    async def models(self, prefix: str) -> list[ModelRecord]:
        """Registered models whose names start with a prefix, with their aliases."""
        query = {"filter": f"name LIKE '{prefix}%'", "max_results": str(MOST_VERSIONS)}
        return parse_answer(
            _Models, await self._get("registered-models/search", query), self.name
        ).registered_models

    async def model(self, name: str) -> ModelRecord | None:
        found = await self._get_if_there("registered-models/get", {"name": name})
        return None if found is None else parse_answer(_Model, found, self.name).registered_model

    async def versions(self, condition: str) -> list[VersionRecord]:
        """Versions on a condition of MLflow's, such as `name = 'x'`, the newest first."""
        query = {"filter": condition, "max_results": str(MOST_VERSIONS)}
        found = parse_answer(
            _Versions, await self._get("model-versions/search", query), self.name
        ).model_versions
        return sorted(found, key=lambda version: -version.version)

    async def version(self, name: str, version: int) -> VersionRecord | None:
        found = await self._get_if_there("model-versions/get", {"name": name, "version": str(version)})
        return None if found is None else parse_answer(_Version, found, self.name).model_version

    async def set_alias(self, name: str, alias: str, version: int) -> None:
        await self._send(
            "POST", "registered-models/alias", {"name": name, "alias": alias, "version": str(version)}
        )

    async def delete_alias(self, name: str, alias: str) -> None:
        await self._send("DELETE", "registered-models/alias", {"name": name, "alias": alias})

    async def set_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a registered model."""
        await self._send("POST", "registered-models/set-tag", {"name": name, "key": key, "value": value})

    async def runs(self, experiment: str, condition: str = "", most: int = MOST_VERSIONS) -> list[RunRecord]:
        """Runs of the experiment of a name, the newest first; none where there is no such experiment."""
        found = await self._get_if_there("experiments/get-by-name", {"experiment_name": experiment})
        if found is None:
            return []
        number = parse_answer(_FoundExperiment, found, self.name).experiment.experiment_id
        body: dict[str, JsonValue] = {
            "experiment_ids": [number],
            "filter": condition,
            "max_results": most,
            "order_by": ["attributes.start_time DESC"],
        }
        return parse_answer(_Runs, await self._send("POST", "runs/search", body), self.name).runs

    async def artifact(self, run_id: str, path: str) -> bytes | None:
        """A file of a run; None where it has no such file."""
        query = {"run_uuid": run_id, "path": path}
        try:
            async with self._client.stream("GET", f"{self._address}/get-artifact", params=query) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                if not answer.is_success:
                    raise self._bad("get-artifact", f"status {answer.status_code}")
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > MOST_ARTIFACT_BYTES:
                        raise self._bad("get-artifact", f"{path} is larger than {MOST_ARTIFACT_BYTES} bytes")
                return bytes(content)
        except httpx.HTTPError as error:
            raise self._fault("GET", "get-artifact", error) from None

    async def _get(self, path: str, query: Mapping[str, str]) -> dict[str, JsonValue]:
        return self._sound(await self._request("GET", _rest(path, query)), path)

    async def _get_if_there(self, path: str, query: Mapping[str, str]) -> dict[str, JsonValue] | None:
        answer = await self._request("GET", _rest(path, query))
        if not answer.is_success and _error_code(answer) in ABSENT:
            return None
        return self._sound(answer, path)

    async def _send(self, method: str, path: str, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return self._sound(await self._request(method, _rest(path), orjson.dumps(body)), path)

    def _sound(self, answer: httpx.Response, path: str) -> dict[str, JsonValue]:
        if not answer.is_success:
            raise self._bad(path, f"status {answer.status_code}")
        return self._document(answer, path)


def _rest(path: str, query: Mapping[str, str] | None = None) -> str:
    return f"/api/2.0/mlflow/{path}" + (f"?{urlencode(query)}" if query else "")


def _error_code(answer: httpx.Response) -> str:
    try:
        return str(orjson.loads(answer.content)["error_code"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
