"""Bundles that are whole, and that can't be served: their rules or features are at fault."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.settings import Settings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


def broken_rule(profile: dict) -> None:
    profile["labels"]["alarm_rules"][1]["when"] = "PDT31008 > "


def misspelt_rule(profile: dict) -> None:
    profile["labels"]["alarm_rules"][0]["when"] = "PDT3108_max > 300"


def number_for_a_rule(profile: dict) -> None:
    profile["labels"]["alarm_rules"][2]["when"] = "PDT31008 - 300"


def broken_advice(profile: dict) -> None:
    profile["recommendations"][3]["when"] = "PDT31008 >> 1 >"


SPOILT_PROFILES = {
    broken_rule: "labels.alarm_rules[1].when: rule 'level_deviation': expected an SQL condition",
    misspelt_rule: "labels.alarm_rules[0].when: rule 'high_differential_pressure': no tag, deviation or feature",
    number_for_a_rule: "labels.alarm_rules[2].when: rule 'reboiler_level_swings': expected a condition that is true",
    broken_advice: "recommendations[3].when: rule 'recommendation_3': expected an SQL condition",
}


@pytest.mark.parametrize("spoil", SPOILT_PROFILES, ids=lambda f: f.__name__)
async def test_a_bundle_whose_rules_cannot_be_read_is_refused_at_its_place(
    mlflow: FakeMlflow, serving_settings: Settings, bundles: dict[str, Path], tmp_path: Path, spoil
) -> None:
    broken = copied(bundles["v2"], tmp_path, lambda manifest: spoil(manifest["profile"]))
    mlflow.publish(CHAMPION_NAME, 3, broken)
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION_NAME]["champion"] = 3
        await client.app.state.champions.refresh()  # type: ignore[attr-defined]
        assert (await client.get("/ready")).json()["champion"] == 1
        fault = (await client.get("/ready")).json()["faults"]["champion"]
    assert fault.startswith(f"profile.{SPOILT_PROFILES[spoil]}")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"source": "XT1"}, "expected a source 'XT1'"), ({"kind": "guess"}, "no feature kind 'guess'")],
)
async def test_a_bundle_with_a_feature_that_cannot_be_computed_is_refused(
    mlflow: FakeMlflow,
    serving_settings: Settings,
    bundles: dict[str, Path],
    tmp_path: Path,
    change,
    said: str,
) -> None:
    broken = copied(bundles["v1"], tmp_path, lambda manifest: manifest["features"][3].update(change))
    mlflow.publish(CHAMPION_NAME, 3, broken, "champion")
    async with serve(mlflow, serving_settings) as client:
        detail = (await client.get("/ready")).json()["detail"]
    assert said in detail
    assert "export the model again" in detail
    assert "can't be loaded" not in detail


def copied(folder: Path, to: Path, change: Callable[[dict], None]) -> Path:
    """A bundle whose manifest is changed."""
    made = Path(shutil.copytree(folder, to / "changed"))
    manifest = json.loads((made / "bundle.json").read_text())
    change(manifest)
    (made / "bundle.json").write_text(json.dumps(manifest))
    return made
