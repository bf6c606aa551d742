"""Asks a running Dagster to load the plants' definitions again.

Belongs here: the question and its answers. Doesn't belong here: what the definitions are (`components`).
"""

from dataclasses import dataclass

import httpx
from pydantic import AliasPath, BaseModel, Field, ValidationError

from plant_assets.settings import PipelineSettings

LOCATION = "plant_assets"
PATIENCE_S = 120
"""Loading fifty plants takes seconds; a busy machine may take longer."""
_RELOAD = """
mutation Reload($location: String!) {
  found: reloadRepositoryLocation(repositoryLocationName: $location) {
    __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename ... on PythonError { message } } }
    ... on UnauthorizedError { message }
    ... on ReloadNotSupported { message }
    ... on RepositoryLocationNotFound { message }
  }
}
"""
_PLANTS = "query Plants { assetNodes { assetKey { path } } }"
"""A question of its own: the mutation's own answer knows the assets of before."""


class ReloadError(RuntimeError):
    """Dagster runs and did not load the definitions."""


class NoDagsterError(ReloadError):
    """Dagster isn't running."""


@dataclass(frozen=True, slots=True)
class LoadedPlants:
    """What Dagster has loaded.

    Attributes:
        faulty: those that are left out, as their profile is at fault.
    """

    plants: tuple[str, ...]
    faulty: tuple[str, ...]


class _Found(BaseModel):
    kind: str = Field(validation_alias=AliasPath("data", "found", "__typename"))
    message: str = Field(default="", validation_alias=AliasPath("data", "found", "message"))
    loaded: str = Field(
        default="", validation_alias=AliasPath("data", "found", "locationOrLoadError", "__typename")
    )
    fault: str = Field(
        default="", validation_alias=AliasPath("data", "found", "locationOrLoadError", "message")
    )


class _Node(BaseModel):
    path: list[str] = Field(validation_alias=AliasPath("assetKey", "path"))


class _Assets(BaseModel):
    nodes: list[_Node] = Field(validation_alias=AliasPath("data", "assetNodes"))


def reload_definitions(settings: PipelineSettings) -> LoadedPlants:
    """Have the code server load all plants anew; runs that are under way go on with what they have.

    Raises:
        NoDagsterError: nothing answers at Dagster's address.
        ReloadError: Dagster answers otherwise than expected, or can't load the definitions.
    """
    url = f"http://{settings.local_host}:{settings.port_dagster}/graphql"
    try:
        found = _Found.model_validate_json(_ask(url, _RELOAD, {"location": LOCATION}))
        if found.loaded != "RepositoryLocation":
            raise ReloadError(found.fault.strip() or found.message or f"Dagster answered {found.kind}")
        assets = _Assets.model_validate_json(_ask(url, _PLANTS, {}))
    except httpx.ConnectError:
        raise NoDagsterError(
            f"Dagster isn't running at {settings.local_host}:{settings.port_dagster}; it loads the plants when it starts (`make up`)"
        ) from None
    except (httpx.HTTPError, ValidationError) as error:
        raise ReloadError(f"{url} did not respond as Dagster does ({type(error).__name__})") from None
    faulty = {node.path[0] for node in assets.nodes if node.path[-1] == "faulty_profile"}
    sound = {node.path[0] for node in assets.nodes} - faulty
    return LoadedPlants(tuple(sorted(sound)), tuple(sorted(faulty)))


def _ask(url: str, query: str, variables: dict[str, str]) -> bytes:
    response = httpx.post(url, json={"query": query, "variables": variables}, timeout=PATIENCE_S)
    return response.raise_for_status().content
