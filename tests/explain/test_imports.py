"""An explanation needs no training library."""

from plant_assets.bundle.bundle import Bundle
from tests.serving.test_imports import HEAVY, loaded_after


def test_explaining_needs_nothing_heavy(explained: dict[str, Bundle]) -> None:
    folder = explained["anomaly_ensemble"].folder
    loaded = loaded_after(
        "from pathlib import Path\nfrom plant_assets.bundle.bundle import Bundle\n"
        "from plant_assets.explain.explainer import ScoreExplainer\n"
        f"b = Bundle.load(Path({str(folder)!r}))\nScoreExplainer.of(b).explain(b.reference_rows[3])"
    )
    assert "onnx" in loaded
    assert loaded.isdisjoint({*HEAVY, "shap", "numba"})
