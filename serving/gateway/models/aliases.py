"""Which version answers: promotion and rollback, with the meaning and the records of `forewarn promote|rollback`.

Belongs here: moves of aliases, in the order that leaves one champion at any moment. The pipeline's twin is
`plant_assets.models.registry_versions`, which needs MLflow's library; a contract test holds them together.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock, Timeout

from serving.errors import NotFound
from serving.gateway.models.mlflow import MlflowClient, ModelRecord, VersionRecord
from serving.gateway.problems import Conflict, ServiceAway

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
PAST_CHAMPIONS = "past_champions"
_REMEMBERED = 100
LOCKED_FOR_S = 30.0


@dataclass(frozen=True, slots=True)
class AliasMove:
    """An alias that moved: `before` is None where there was no champion."""

    name: str
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class _State:
    aliases: dict[str, int]
    past: list[int]


def earlier_champion(model: ModelRecord, usable: Collection[int]) -> int | None:
    """The version that a rollback makes champion: of those before the present one the newest that can be loaded."""
    state = _read_state(model)
    now = state.aliases.get(CHAMPION)
    if now is None:
        return None
    return next((version for version in reversed(state.past) if version != now and version in usable), None)


def _read_state(model: ModelRecord) -> _State:
    tags = {pair.key: pair.value for pair in model.tags}
    past = [int(number) for number in tags.get(PAST_CHAMPIONS, "").split() if number.isdecimal()]
    return _State({alias.alias: alias.version for alias in model.aliases}, past)


class ModelAliases:
    """Champions of registered models. `locks` order moves on this machine, also the pipeline's."""

    def __init__(self, mlflow: MlflowClient, locks: Path) -> None:
        self._mlflow = mlflow
        self._locks = locks

    async def promote(self, name: str, version: int | None = None) -> AliasMove:
        """Make a version the champion: the given one, else the challenger, else the newest.

        Raises:
            NotFound: no such version.
            Conflict: this release can't load it.
            Problem: MLflow doesn't respond, or somebody else's move doesn't end.
        """
        async with self._hold_lock(name):
            state = await self._state(name)
            target = await self._find_version(name, version, state)
            if why := target.unloadable:
                raise Conflict(f"{name}: version {target.version} cannot be loaded: {why}")
            before, after = state.aliases.get(CHAMPION), target.version
            if before != after:
                if before is not None:
                    await self._remember(name, [*state.past, before])
                await self._move(name, before, after)
            await self._settle_challenger(name, state, after)
            return AliasMove(name, before, after)

    async def rollback(self, name: str) -> AliasMove:
        """Make the version that was champion before the present one the champion again; then that before it.

        Versions that were deleted, or that this release can't load, are passed over.

        Raises:
            Conflict: no champion, or none before it that can answer.
            Problem: MLflow doesn't respond, or somebody else's move doesn't end.
        """
        async with self._hold_lock(name):
            state = await self._state(name)
            now, past = state.aliases.get(CHAMPION), list(state.past)
            if now is None:
                raise Conflict(f"{name}: no champion to roll back from; promote a version first")
            earlier: VersionRecord | None = None
            while past and earlier is None:
                # A promotion that was killed notes one that is champion still.
                candidate = past.pop()
                found = await self._mlflow.version(name, candidate) if candidate != now else None
                earlier = None if found is None or found.unloadable else found
            if earlier is None:
                raise Conflict(f"{name}: no loadable champion before version {now}")
            await self._move(name, now, earlier.version)
            await self._settle_challenger(name, state, earlier.version)
            await self._remember(name, past)
            return AliasMove(name, now, earlier.version)

    async def _state(self, name: str) -> _State:
        model = await self._mlflow.model(name)
        if model is None:
            raise NotFound(f"{name}: no version; materialize the model first")
        return _read_state(model)

    async def _find_version(self, name: str, version: int | None, state: _State) -> VersionRecord:
        if version is None:
            version = state.aliases.get(CHALLENGER)
        if version is None:
            newest = await self._mlflow.versions(f"name = '{name}'")
            if not newest:
                raise NotFound(f"{name}: no version; materialize the model first")
            return newest[0]
        found = await self._mlflow.version(name, version)
        if found is None:
            raise NotFound(f"{name}: no version {version}; materialize the model first")
        return found

    async def _move(self, name: str, before: int | None, after: int) -> None:
        """The move itself is the last write but for the information that follows from it."""
        await self._mlflow.set_alias(name, CHAMPION, after)
        if before is not None:
            await self._mlflow.set_alias(name, PREVIOUS, before)

    async def _settle_challenger(self, name: str, state: _State, champion: int) -> None:
        """What answers no longer waits; also where a promotion was killed in between."""
        if state.aliases.get(CHALLENGER) == champion:
            await self._mlflow.delete_alias(name, CHALLENGER)

    async def _remember(self, name: str, past: Sequence[int]) -> None:
        await self._mlflow.set_tag(name, PAST_CHAMPIONS, " ".join(map(str, past[-_REMEMBERED:])))

    @asynccontextmanager
    async def _hold_lock(self, name: str) -> AsyncIterator[None]:
        """Hold the lock of a model, which is waited for without holding up anybody else."""
        self._locks.mkdir(parents=True, exist_ok=True)
        try:
            async with AsyncFileLock(self._locks / f"{name}.lock", timeout=LOCKED_FOR_S):
                yield
        except Timeout:
            raise ServiceAway("another promotion or rollback is still running; try again", "mlflow") from None
