"""Bundles that are whole, and that can't be served: their features are at fault."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("change", "said"),
    [({"source": "XT1"}, "expected a source 'XT1'"), ({"kind": "guess"}, "no feature kind 'guess'")],
)
async def test_a_bundle_with_a_feature_that_cannot_be_computed_is_refused(
    mlflow: FakeMlflow,
    serving_settings: ServingSettings,
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
    assert "cannot be loaded" not in detail


def copied(folder: Path, to: Path, change: Callable[[dict], None]) -> Path:
    """A bundle whose manifest is changed."""
    made = Path(shutil.copytree(folder, to / "changed"))
    manifest = json.loads((made / "bundle.json").read_text())
    change(manifest)
    (made / "bundle.json").write_text(json.dumps(manifest))
    return made
