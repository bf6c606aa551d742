"""The model registry as serving sees it: MLflow's REST interface, without MLflow's library.

Belongs here: which version an alias points at, and copying a version's bundle. Doesn't belong here:
when to look (`inference/models/reconciler.py`), what a bundle is (`plant_assets.bundle`).
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx

from plant_assets.bundle.bundle import (
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    BundleError,
    check_files,
    parse_data_files,
    parse_manifest,
)
from plant_assets.bundle.data_files import DATA_FILES, DataFiles
from plant_assets.bundle.manifest import BundleManifest

ALIAS = "champion"
PAGE = 1000
LARGEST_FILE = 512 * 1024 * 1024


class RegistryUnavailableError(ConnectionError):
    """MLflow doesn't respond, or not as expected; says what."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model's aliases, and when it was made: a registry made anew counts from 1 again."""

    name: str
    aliases: dict[str, int]
    created: int = 0


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """What MLflow keeps of one version; `dagster_run` is empty where a person published it."""

    run_id: str
    created: datetime
    dagster_run: str = ""


class RegistryClient:
    """MLflow at a client's base URL."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def registered_models(self, prefixes: list[str]) -> dict[str, RegisteredModel]:
        """Models whose names start with one of `prefixes`, in one request (a page of 1000 at a time).

        Raises:
            RegistryUnavailableError: no usable answer.
        """
        found: dict[str, RegisteredModel] = {}
        token = ""
        while True:
            query = {"max_results": str(PAGE)} | ({"page_token": token} if token else {})
            page = await self._json("/api/2.0/mlflow/registered-models/search", query)
            for model in page.get("registered_models", []):
                if model["name"].startswith(tuple(prefixes)):
                    aliases = {a["alias"]: int(a["version"]) for a in model.get("aliases", [])}
                    created = int(model.get("creation_timestamp", 0))
                    found[model["name"]] = RegisteredModel(model["name"], aliases, created)
            token = page.get("next_page_token", "")
            if not token:
                return found

    async def version(self, name: str, version: int) -> RegisteredVersion | None:
        """One version; None where there is no such one.

        Raises:
            RegistryUnavailableError: no usable answer.
        """
        query = {"name": name, "version": str(version)}
        found = await self._json_if_there("/api/2.0/mlflow/model-versions/get", query)
        if found is None:
            return None
        try:
            record = found["model_version"]
            tags = {tag["key"]: tag.get("value", "") for tag in record.get("tags", [])}
            created = datetime.fromtimestamp(int(record.get("creation_timestamp", 0)) / 1000, UTC)
            return RegisteredVersion(str(record.get("run_id", "")), created, tags.get("dagster_run", ""))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            why = f"MLflow's record of {name} version {version} is invalid ({type(error).__name__}: {error})"
            raise RegistryUnavailableError(why) from None

    async def description(self, name: str, version: int) -> tuple[BundleManifest, DataFiles | None]:
        """What a version's bundle says of itself and of the files behind it, without copying the rest.

        Raises:
            RegistryUnavailableError: no usable answer.
            BundleError: what is published is no sound bundle.
        """
        whole = f"{name} version {version}"
        manifest = parse_manifest(await self._read(name, version, MANIFEST_FILE), whole)
        if DATA_FILES not in manifest.files:
            return manifest, None
        content = await self._read(name, version, DATA_FILES)
        if sha256(content).hexdigest() != manifest.files[DATA_FILES]:
            raise BundleError(f"{whole}: {DATA_FILES} is damaged: its sha256 differs from the recorded one")
        return manifest, parse_data_files(content, whole)

    async def download(self, name: str, version: int, folder: Path) -> None:
        """Copy a version's bundle into `folder`, which appears only when complete and sound.

        Raises:
            RegistryUnavailableError: no usable answer.
            BundleError: what is published is no sound bundle.
        """
        draft = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}")
        draft.mkdir(parents=True)
        try:
            await self._fetch(name, version, MANIFEST_FILE, draft)
            manifest = parse_manifest((draft / MANIFEST_FILE).read_bytes(), f"{name} version {version}")
            for file in manifest.files:
                await self._fetch(name, version, file, draft)
            check_files(manifest, draft)
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    async def _fetch(self, name: str, version: int, path: str, folder: Path) -> None:
        with (folder / path).open("wb") as file:
            async for chunk in self._chunks(name, version, path, LARGEST_FILE):
                file.write(chunk)

    async def _read(self, name: str, version: int, path: str) -> bytes:
        chunks = [chunk async for chunk in self._chunks(name, version, path, MAX_MANIFEST_BYTES)]
        return b"".join(chunks)

    async def _chunks(self, name: str, version: int, path: str, most: int) -> AsyncIterator[bytes]:
        """An artifact's content, of `most` bytes."""
        query = {"name": name, "version": str(version), "path": path}
        try:
            async with self._client.stream("GET", "/model-versions/get-artifact", params=query) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise BundleError(f"{name} version {version}: {path} is missing from its artifacts")
                answer.raise_for_status()
                size = 0
                async for chunk in answer.aiter_bytes():
                    size += len(chunk)
                    if size > most:
                        raise BundleError(f"{name} version {version}: {path} is larger than {most} bytes")
                    yield chunk
        except httpx.HTTPError as error:
            raise RegistryUnavailableError(_explain(error)) from None

    async def _json(self, path: str, query: dict[str, str]) -> dict:
        found = await self._json_if_there(path, query)
        if found is None:
            raise RegistryUnavailableError(f"MLflow responded 404 at {path}")
        return found

    async def _json_if_there(self, path: str, query: dict[str, str]) -> dict | None:
        try:
            answer = await self._client.get(path, params=query)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            document = answer.json()
        except httpx.HTTPError as error:
            raise RegistryUnavailableError(_explain(error)) from None
        except ValueError:
            raise RegistryUnavailableError(f"MLflow responded to {path} with invalid JSON") from None
        if not isinstance(document, dict):
            raise RegistryUnavailableError(f"MLflow responded to {path} with a {type(document).__name__}")
        return document


def _explain(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"MLflow responded {error.response.status_code} at {error.request.url.path}"
    return f"MLflow does not respond ({type(error).__name__}: {error})".replace(": )", ")")
