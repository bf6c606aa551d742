"""Beeswarm and dependence: what is drawn are shap's values, at their places, in their features' colours."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.explain.explainer import ExplainedRows, ScoreExplainer
from plant_assets.explain.plots import BEESWARM_FEATURES, COLOURS, DEPENDENCE_FEATURES, beeswarm, dependence
from plant_assets.models.nowcast import SPLIT_DECIMALS
from plant_assets.models.spec import CHAMPION
from plant_assets.profile.model import PlantProfile
from plant_assets.svg import SvgCanvas
from tests.bundle.factories import trained_model

TREES = {"random_forest": CHAMPION, "lightgbm": CHAMPION, "xgboost": CHAMPION}


def rows_of(values: list[list[float]], worths: list[list[float]]) -> ExplainedRows:
    names = tuple(f"F{i}" for i in range(len(values[0])))
    return ExplainedRows(names, np.array(values), np.array(worths))


def dots(canvas: SvgCanvas) -> dict[str, list[tuple[float, float]]]:
    """Colour → places of its dots, in the canvas' own units."""
    found: dict[str, list[tuple[float, float]]] = {}
    for path in ElementTree.fromstring(str(canvas.markup("picture"))).iter("path"):
        places = re.findall(r"M([\d.-]+) ([\d.-]+)h0", path.attrib["d"])
        found.setdefault(path.attrib["stroke"], []).extend((float(x), float(y)) for x, y in places)
    return found


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("family", TREES)
def test_contributions_of_trees_are_shap_s(
    family: str, explained: dict[str, Bundle], profile: PlantProfile
) -> None:
    import shap

    bundle = explained[family]
    trained = trained_model(profile, family, TREES[family], slope=_slope(bundle))
    preprocess, estimator = trained.model.preprocess, trained.model.estimator
    rows = ScoreExplainer.of(bundle).explain_reference_rows()
    decimals = 12 if family == "random_forest" else SPLIT_DECIMALS
    reference = np.round(preprocess.transform(bundle.fill[None]), decimals)
    oracle = shap.TreeExplainer(estimator.model, data=reference, feature_perturbation="interventional")
    known = np.round(preprocess.transform(rows.values), decimals)
    found = np.asarray(oracle.shap_values(known, check_additivity=False))
    expected = (found[..., 1] if found.ndim == 3 else found) * _slope(bundle)
    np.testing.assert_allclose(rows.contributions, expected, atol=1e-5)


def _slope(bundle: Bundle) -> float:
    calibrator = bundle.manifest.calibrator
    assert calibrator is not None
    return calibrator.slope  # type: ignore[union-attr]


def test_a_beeswarm_has_a_line_a_feature_the_largest_first_and_a_dot_a_row_at_its_contribution() -> None:
    canvas = beeswarm(rows_of([[1, 9], [2, 9], [3, 9]], [[0.1, -2], [0.2, 0], [0.3, 2]]), "log_odds")
    text = str(canvas.markup("picture"))
    assert text.index(">F1<") < text.index(">F0<")
    assert "log-odds of an alarm" in text
    places = dots(canvas)
    assert sorted(x for x, _ in places[COLOURS[2]]) == pytest.approx(
        [canvas.x(-2), canvas.x(0), canvas.x(2)], abs=0.06
    ), "alike values have the middle colour"
    (lowest,), (highest,) = places[COLOURS[0]], places[COLOURS[3]]
    assert (lowest[0], highest[0]) == pytest.approx((canvas.x(0.1), canvas.x(0.3)), abs=0.06)


def test_dots_of_like_contributions_stand_beside_each_other_within_their_line() -> None:
    canvas = beeswarm(rows_of([[float(i)] for i in range(40)], [[1.0]] * 39 + [[2.0]]), "score")
    heights = [y for places in dots(canvas).values() for x, y in places if x < canvas.x(1.5)]
    assert len(set(heights)) == 39
    assert max(heights) < canvas.y(0.5)
    assert min(heights) > canvas.y(-0.5)


def test_dependence_has_a_dot_a_row_at_its_value_and_contribution() -> None:
    canvas = dependence(rows_of([[0.0], [10.0]], [[-1.0], [1.0]]), "score")
    (first,) = dots(canvas)[COLOURS[0]]
    (second,) = dots(canvas)[COLOURS[2]]
    assert first[0] < second[0]
    assert first[1] > second[1]
    assert ">F0<" in str(canvas.markup("picture"))


def test_the_largest_features_alone_are_shown() -> None:
    generator = np.random.default_rng(3)
    rows = ExplainedRows(
        tuple(f"F{i}" for i in range(30)), generator.normal(size=(50, 30)), generator.normal(size=(50, 30))
    )
    assert sum(map(len, dots(beeswarm(rows, "score")).values())) == 50 * BEESWARM_FEATURES
    assert sum(map(len, dots(dependence(rows, "score")).values())) == 50 * DEPENDENCE_FEATURES


def test_no_tick_is_a_negative_zero() -> None:
    rows = rows_of([[1.0], [2.0]], [[-0.05], [1.3]])
    assert ">-0<" not in str(beeswarm(rows, "score").markup("picture"))
    assert ">0<" in str(beeswarm(rows, "score").markup("picture"))


@pytest.mark.parametrize("draw", [beeswarm, dependence])
def test_a_model_that_nothing_moves_has_a_picture_all_the_same(draw) -> None:
    canvas = draw(rows_of([[1.0, 2.0]] * 4, [[0.0, 0.0]] * 4), "log_odds")
    assert sum(map(len, dots(canvas).values())) == 8
