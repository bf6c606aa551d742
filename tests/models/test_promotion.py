"""Which version answers: promotion, rollback, and the place of a new version."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plant_assets.bundle.manifest import FORMAT_TAG, FORMAT_VERSION
from plant_assets.models.promotion import place, promote, release, rollback
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_connection import RegistryError
from plant_assets.models.registry_versions import ChampionMove, PublishedVersion
from tests.models.registered import CHAMPION, KilledError, published


def of_another_release(version: PublishedVersion) -> None:
    """Leave a published bundle as a release of another format wrote it."""
    path = Path(urlsplit(version.source).path) / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"format_version": 1}), "utf-8")


def test_promotion_rollback_and_the_way_back_further(registry: ModelRegistry, champion_folder: Path) -> None:
    for _ in range(3):
        published(registry, champion_folder)
    assert registry.promote(CHAMPION, 1).before is None
    registry.promote(CHAMPION, 2)
    registry.promote(CHAMPION, 3)
    assert registry.by_alias(CHAMPION, "previous") == registry.version(CHAMPION, 2)
    assert rollback("gas_treatment", registry).after == 2
    assert rollback("gas_treatment", registry).after == 1
    with pytest.raises(RegistryError, match="no loadable champion before version 1"):
        rollback("gas_treatment", registry)


def test_rollback_goes_back_through_every_champion_also_after_an_older_one_was_promoted(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for _ in range(3):
        published(registry, champion_folder)
    for wanted in (1, 2, 3, 1):
        registry.promote(CHAMPION, wanted)
    assert [registry.rollback(CHAMPION).after for _ in range(3)] == [3, 2, 1]
    with pytest.raises(RegistryError, match="no loadable champion before version 1"):
        registry.rollback(CHAMPION)
    registry.promote(CHAMPION, 3)
    assert registry.rollback(CHAMPION).after == 1, "what was rolled back from is forgotten"


def test_rollback_passes_over_a_version_that_was_deleted(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for wanted in (1, 2, 3):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)
    registry.client.delete_model_version(CHAMPION, "2")
    assert registry.rollback(CHAMPION).after == 1


@pytest.mark.parametrize("killed_in", ["promote", "rollback"])
def test_a_move_that_was_killed_halfway_leaves_the_way_back_whole(
    registry: ModelRegistry, champion_folder: Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    for wanted in (1, 2, 3):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)

    def killed(*_: object) -> None:
        raise KilledError

    published(registry, champion_folder)
    with monkeypatch.context() as patch:
        # The alias of a promotion has not moved yet; that of a rollback has, and its note is missing.
        patch.setattr(registry, "_move_champion" if killed_in == "promote" else "_remember", killed)
        with pytest.raises(KilledError):
            registry.promote(CHAMPION, 4) if killed_in == "promote" else registry.rollback(CHAMPION)
    left = [2, 1] if killed_in == "promote" else [1]
    assert [registry.rollback(CHAMPION).after for _ in left] == left


def test_promoting_the_champion_again_keeps_its_predecessor(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for wanted in (1, 2):
        published(registry, champion_folder)
        registry.promote(CHAMPION, wanted)
    registry.promote(CHAMPION, 2)
    assert registry.rollback(CHAMPION).after == 1


def test_the_challenger_is_promoted_by_default(registry: ModelRegistry, champion_folder: Path) -> None:
    first, second, _ = (published(registry, champion_folder) for _ in range(3))
    release(registry, first)
    registry.challenge(second)
    assert promote("gas_treatment", registry=registry).after == second.version
    assert registry.by_alias(CHAMPION, "challenger") is None
    assert promote("gas_treatment", registry=registry).after == 3, "the newest, where nothing waits"


def test_without_a_champion_model_the_one_that_answers_is_promoted_and_rolled_back(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    name, loadable = "power_grid_isolation_forest", {FORMAT_TAG: str(FORMAT_VERSION)}
    registry.client.create_registered_model(name)
    for _ in range(2):
        made = registry.client.create_model_version(name, tmp_path.as_uri(), tags=loadable)
        release(registry, PublishedVersion(name, int(made.version), ""))
    assert rollback("power_grid", registry) == ChampionMove(name, 2, 1)
    assert promote("power_grid", registry=registry) == ChampionMove(name, 1, 2)


@pytest.mark.parametrize(
    ("mode", "passed", "first", "moves"),
    [
        ("auto", True, False, True),
        ("auto", False, False, False),
        ("manual", True, False, False),
        ("manual", False, False, False),
        ("auto", True, True, True),
        ("manual", True, True, True),
        ("auto", False, True, False),
    ],
)
def test_a_new_version_is_placed_by_gate_and_mode(
    registry: ModelRegistry, champion_folder: Path, mode, passed: bool, first: bool, moves: bool
) -> None:
    if not first:
        release(registry, published(registry, champion_folder))
    new = published(registry, champion_folder)
    placement = place(registry, new, passed=passed, mode=mode)
    champion = registry.champion(CHAMPION)
    assert (champion is not None and champion.version == new.version) is moves
    assert (placement.move is not None) is moves
    waiting = registry.by_alias(CHAMPION, "challenger")
    assert (waiting is not None and waiting.version == new.version) is not moves


def test_a_version_of_another_release_is_never_made_champion(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    for _ in range(2):
        registry.promote(CHAMPION, published(registry, champion_folder).version)
    registry.client.delete_model_version_tag(CHAMPION, "1", FORMAT_TAG)
    refusal = f"version 1 cannot be loaded: its bundle is of format 1, this release loads {FORMAT_VERSION}; train again"
    with pytest.raises(RegistryError, match=refusal):
        registry.promote(CHAMPION, 1)
    with pytest.raises(RegistryError, match="no loadable champion before version 2"):
        registry.rollback(CHAMPION)
    champion = registry.champion(CHAMPION)
    assert champion is not None
    assert champion.version == 2


@pytest.mark.parametrize(
    ("mode", "passed", "moves"), [("auto", True, True), ("manual", True, True), ("auto", False, False)]
)
def test_a_champion_of_another_release_holds_no_place(
    registry: ModelRegistry, champion_folder: Path, mode, passed: bool, moves: bool
) -> None:
    old = published(registry, champion_folder)
    release(registry, old)
    assert registry.usable_champion(CHAMPION) == registry.champion(CHAMPION)
    of_another_release(old)
    assert registry.usable_champion(CHAMPION) is None
    placement = place(registry, published(registry, champion_folder), passed=passed, mode=mode)
    assert (placement.move is not None) is moves
    if moves:
        assert placement.reason == "version 2 is champion: version 1 cannot be loaded"
        standing = registry.usable_champion(CHAMPION)
        assert standing is not None
        assert standing.version == 2


def test_a_promotion_repeated_after_a_kill_leaves_nothing_waiting(
    registry: ModelRegistry, champion_folder: Path
) -> None:
    version = published(registry, champion_folder)
    registry.promote(CHAMPION, version.version)
    registry.challenge(version)
    registry.promote(CHAMPION, version.version)
    assert registry.by_alias(CHAMPION, "challenger") is None
