"""The champion asset: the gate's decision and the promotion mode decide, and nobody else."""

from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg
import polars as pl
import pytest

from plant_assets.components import judging
from plant_assets.components.release_assets import release_assets
from plant_assets.models.registry_versions import ChampionMove, PublishedVersion
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.model_store import ModelStore
from plant_assets.validation.oof import empty_oof
from plant_assets.validation.verdict import GateDecision

CHAMPION, FOREST = "plant_alarm_champion", "plant_alarm_isolation_forest"


@dataclass
class Aliases:
    """A registry that is nothing but its aliases: name → alias → version."""

    held: dict[str, dict[str, int]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)

    def by_alias(self, name: str, alias: str) -> PublishedVersion | None:
        version = self.held.get(name, {}).get(alias)
        return None if version is None else PublishedVersion(name, version, f"run{version}")

    def champion(self, name: str) -> PublishedVersion | None:
        return self.by_alias(name, "champion")

    def usable_champion(self, name: str) -> PublishedVersion | None:
        return self.champion(name)

    def promote(self, name: str, version: int) -> ChampionMove:
        before = self.champion(name)
        self.held[name]["champion"] = version
        self.held[name].pop("challenger", None)
        self.moved.append(name)
        return ChampionMove(name, before.version if before else None, version)

    def challenge(self, version: PublishedVersion) -> None:
        self.held[version.name]["challenger"] = version.version


Release = Callable[..., dg.MaterializeResult]


@pytest.fixture
def aliases() -> Aliases:
    both = {"champion": 1, "challenger": 2}
    return Aliases({CHAMPION: dict(both), FOREST: dict(both)})


@pytest.fixture
def release(profile: PlantProfile, aliases: Aliases, monkeypatch: pytest.MonkeyPatch) -> Release:
    (champion,) = [a for a in release_assets(profile) if a.key.path[-1] == "champion"]

    def materialize(verdict: GateDecision | None, mode: str) -> dg.MaterializeResult:
        monkeypatch.setattr(judging, "judge_challenger", lambda *_: verdict)
        monkeypatch.setattr(ModelStore, "registry", lambda _: aliases)
        store = ModelStore(tracking_uri="", artifacts="", pages="http://mlflow", promotion_mode=mode)  # type: ignore[arg-type]
        return champion(  # type: ignore[return-value]
            dg.build_asset_context(), model_store=store, oof=empty_oof(), labelled=pl.DataFrame()
        )

    return materialize


def verdict(*, promote: bool, first: bool = False) -> GateDecision:
    return GateDecision(promote, promote, first, "Promotion gate passed", ())


@pytest.mark.parametrize(
    ("promote", "mode", "champion"), [(True, "auto", 2), (False, "auto", 1), (True, "manual", 1)]
)
def test_the_champion_moves_only_where_gate_and_mode_allow_it(
    release: Release, aliases: Aliases, promote: bool, mode: str, champion: int
) -> None:
    result = release(verdict(promote=promote), mode)
    assert aliases.held[CHAMPION]["champion"] == champion
    assert aliases.held[CHAMPION].get("challenger") == (None if champion == 2 else 2)
    assert result.metadata is not None
    assert result.metadata["verdict"] == dg.MetadataValue.text("Promotion gate passed")


@pytest.mark.parametrize(("promote", "mode", "told"), [(True, "auto", 1), (False, "manual", 0)])
def test_inference_is_told_once_and_only_of_a_move(
    release: Release, aliases: Aliases, monkeypatch: pytest.MonkeyPatch, promote: bool, mode: str, told: int
) -> None:
    del aliases.held[FOREST]
    words: list[int] = []
    monkeypatch.setattr(ModelStore, "tell_inference", lambda _: words.append(1) or "told")
    release(verdict(promote=promote), mode)
    assert len(words) == told


def test_models_that_no_gate_guards_answer_at_once_and_before_the_champion(
    release: Release, aliases: Aliases
) -> None:
    release(verdict(promote=True), "auto")
    assert aliases.moved == [FOREST, CHAMPION]
    assert aliases.held[FOREST] == {"champion": 2}


@pytest.mark.parametrize(("promote", "champion"), [(True, 2), (False, None)])
def test_a_first_champion_needs_no_person_but_the_gate_may_stop_it(
    release: Release, aliases: Aliases, promote: bool, champion: int | None
) -> None:
    del aliases.held[CHAMPION]["champion"]
    release(verdict(promote=promote, first=True), "manual")
    assert aliases.held[CHAMPION].get("champion") == champion


@pytest.mark.parametrize(
    ("challenger", "champion", "simpler"),
    [
        ("isolation_forest", "lightgbm", True),
        ("lightgbm", "isolation_forest", False),
        ("logistic", "logistic", False),
        ("logistic", None, False),
    ],
)
def test_a_tie_is_won_only_by_the_simpler_algorithm(
    challenger: str, champion: str | None, simpler: bool
) -> None:
    before = None if champion is None else PublishedVersion(CHAMPION, 1, "run1", tags={"builder": champion})
    after = PublishedVersion(CHAMPION, 2, "run2", tags={"builder": challenger})
    assert judging._is_simpler(after, before) is simpler
