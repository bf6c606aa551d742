"""The service starts in about a second because it imports little."""

import subprocess
import sys

HEAVY = (
    "dagster",
    "mlflow",
    "sklearn",
    "pandas",
    "pyspark",
    "torch",
    "xgboost",
    "lightgbm",
    "scipy",
    "matplotlib",
)


def loaded_after(statements: str) -> set[str]:
    code = f"import sys\n{statements}\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_the_app_needs_nothing_heavy() -> None:
    loaded = loaded_after("from serving.inference.app import create_app\ncreate_app()")
    assert "fastapi" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_live_plant_needs_nothing_heavy() -> None:
    loaded = loaded_after("from serving.sensors.app import create_app\ncreate_app()")
    assert "polars" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_loading_a_bundle_needs_nothing_heavy(bundles) -> None:
    loaded = loaded_after(
        "from pathlib import Path\nfrom plant_assets.bundle.bundle import Bundle\nfrom serving.inference.rows.inputs import ModelInputs\n"
        f"b = Bundle.load(Path({str(bundles['v2'])!r}))\nb.score(b.reference_rows)\nModelInputs(b.manifest, b.manifest.profile).warm()"
    )
    assert "onnxruntime" in loaded
    assert loaded.isdisjoint(HEAVY)
