import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest

from plant_assets.validation.ablation import smote_ablation
from plant_assets.validation.baselines import BASELINES, SHORT_WORDS
from plant_assets.validation.evaluate import GroundTruth
from plant_assets.validation.gate import gate
from plant_assets.validation.oof import OofError, empty_oof, join_oof
from plant_assets.validation.report import build_report, render_html
from plant_assets.validation.sentences import span
from tests.validation.plants import history, oracle

LINEAGE = {"data_fingerprint": "abc123"}
VOID = {"meta", "br", "line", "rect", "circle", "link"}


class Page(HTMLParser):
    """Checks that tags close and collects what the page says and refers to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.references: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def month(profile):
    return history(profile)


@pytest.fixture(scope="module")
def models(month, profile):
    return join_oof(
        [
            oracle(month, profile, "champion", 0.45),
            oracle(month, profile, "noise", 30.0, seed=3),
            oracle(month, profile, "noise_smote", 30.0, seed=4),
            *(oracle(month, profile, f"forecaster_{h}h", 0.7, horizon=h) for h in (1, 3, 6)),
        ]
    )


@pytest.fixture(scope="module")
def short(profile):
    """The plant with one horizon, for tests that need no more."""
    return profile.model_copy(update={"horizons": profile.horizons[1:2]})


@pytest.fixture(scope="module")
def few(models):
    return models.filter(pl.col("model").is_in(["champion", "noise", "forecaster_3h"]))


@pytest.fixture(scope="module")
def report(month, models, profile):
    verdict = gate(
        models.filter(model="champion"),
        None,
        pl.concat([models.filter(model="noise").with_columns(model=pl.lit("base_rate"))]),
        profile,
        labelled=month,
        parity=0.0,
    )
    return build_report(models, month, profile, LINEAGE, verdict=verdict, further={"deviation MAE": 0.35})


@pytest.fixture(scope="module")
def page(report):
    return Page(render_html(report))


def test_it_opens_with_three_sentences_that_name_data_result_and_doubt(report):
    what, found, doubt = report.sentences
    assert what.startswith("Tested on 750 hours of Gas treatment unit (12 Jan 2020 to 12 Feb 2020)")
    assert re.search(
        r"champion found \d of the 7 events that operators noted and \d of the 6 at which only alarm rules were met",
        found,
    )
    assert "the 1 h, 3 h and 6 h forecasts warned beforehand of" in found
    assert "(budget: 0.5 and 4)" in found
    assert "13 events leave wide intervals" in doubt


def test_every_table_has_all_trivial_baselines_beside_the_models(report):
    assert [h.hours for h in report.horizons] == [0, 1, 3, 6]
    for horizon in report.horizons:
        assert {r.model for r in horizon.baselines} == set(BASELINES)
        assert horizon.models


def test_a_model_that_does_not_beat_the_baselines_says_so_in_words(report, page):
    now = {c.model: c for c in report.horizons[0].comparisons}
    assert now["champion"].outcome == "beats"
    assert now["noise"].outcome == "loses"
    assert "noise : It doesn't beat the trivial baselines" in page.text
    assert SHORT_WORDS.keys() == BASELINES.keys()
    assert now["noise"].sentence.endswith(f" of {SHORT_WORDS[now['noise'].baseline]}.")


def test_smote_is_an_ablation_and_no_model_of_its_own(report, page):
    assert [a.model for a in report.ablations] == ["noise"]
    assert "noise_smote" not in {r.model for h in report.horizons for r in h.models}
    assert "With and without synthetic rows (SMOTE)" in page.text


@pytest.mark.parametrize(("plain", "pairs"), [("noise", 1), ("noise_soft_alarm", 1), ("other", 0)])
def test_the_partner_of_a_smote_model_is_found_by_name(month, models, profile, plain, pairs):
    two = models.filter(pl.col("model").is_in(["noise", "noise_smote"]))
    named = two.with_columns(model=pl.col("model").replace("noise", plain))
    found = smote_ablation(GroundTruth(month, profile), named)
    assert [a.model for a in found] == [plain] * pairs


def test_the_page_is_one_sound_file_without_scripts_or_references(page):
    assert page.open == []
    assert "script" not in page.tags
    assert page.references == []
    assert page.tags.count("svg") == 1 + 4 * 4
    assert "nan" not in page.text.lower().split()


def test_the_page_tells_events_verdict_and_lineage(page):
    assert "upset 2" in page.text
    assert "the challenger is promoted, as it is the first champion" in page.text
    assert "abc123" in page.text
    assert "deviation MAE" in page.text


def test_what_comes_from_data_is_escaped(month, few, short):
    evil = month.with_columns(
        label_source=pl.col("label_source").list.eval(
            pl.element().str.replace("upset", "<script>alert(1)</script>", literal=True)
        )
    )
    named = few.with_columns(model=pl.col("model").str.replace("noise", "<b>noise"))
    html = render_html(build_report(named, evil, short, {"<i>": "</main>"}))
    assert "<script" not in html
    assert "<b>noise" not in html
    assert Page(html).open == []


def test_json_is_strict_and_holds_what_the_page_shows(report):
    data = json.loads(report.to_json())
    assert data["schema"] == 1
    assert data["lead"] == "champion"
    assert data["sentences"] == list(report.sentences)
    assert data["horizons"][0]["models"][0]["pr_auc"]["value"] == report.horizons[0].models[0].pr_auc.value
    assert data["events"][2]["event"]["start"].endswith("Z")


def test_baselines_in_the_table_are_used_and_not_taken_for_models(month, few, short):
    given = join_oof([few, few.filter(model="noise").with_columns(model=pl.lit("base_rate"))])
    again = build_report(given, month, short, LINEAGE)
    assert {r.model for r in again.horizons[0].baselines} == {"base_rate"}
    assert [r.model for r in again.horizons[0].models] == ["champion", "noise"]


def test_without_a_champion_the_best_model_speaks(month, few, short):
    renamed = few.with_columns(model=pl.col("model").replace("champion", "forest"))
    assert build_report(renamed, month, short, LINEAGE).lead == "forest"


def test_simulated_data_are_called_so(month, few, short):
    simulated = short.model_copy(update={"simulated": True})
    report = build_report(few, month, simulated, LINEAGE)
    assert "simulated data" in report.sentences[0]
    assert "the data is simulated" in report.sentences[2]
    assert "(simulated)" in render_html(report)


def silent(models: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, pl.Float64)
    return models.with_columns(
        score=nothing, probability=nothing, decision=nothing, alarm=pl.lit(value=False)
    )


DEGENERATE = {
    "no labels": (
        lambda m, o: (m.drop("anomaly_label", "regime", "label_source"), o),
        "has no alarm labels",
    ),
    "no alarm at all": (
        lambda m, o: (
            m.with_columns(anomaly_label=pl.lit(0, pl.Int8), label_source=pl.lit([], pl.List(pl.String))),
            o,
        ),
        "had no event to detect",
    ),
    "nothing but alarms": (
        lambda m, o: (m.with_columns(anomaly_label=pl.lit(1, pl.Int8)), o),
        "no normal operation",
    ),
    "all scores NaN": (lambda m, o: (m, silent(o)), "has no scores for the labelled rows"),
    "no model": (lambda m, o: (m, empty_oof()), "No model has out-of-fold scores"),
    "a single horizon": (lambda m, o: (m, o.filter(horizon=3)), "forecast warned beforehand of"),
    "a single fold": (lambda m, o: (m, o.filter(fold=2)), "The champion found"),
    "too few rows": (lambda m, o: (m.head(20), empty_oof()), "20 rows are too few for 5 folds"),
    "no rows": (lambda m, o: (m.clear(), empty_oof()), "0 rows are too few for 5 folds"),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_give_sentences_instead_of_a_crash(month, few, short, case):
    change, said = DEGENERATE[case]
    labelled, oof = change(month, few)
    report = build_report(oof, labelled, short, LINEAGE)
    page = Page(render_html(report))
    assert said in page.text
    assert page.open == []
    assert json.loads(report.to_json())["sentences"]


def test_a_plant_without_horizons_has_a_report_of_the_nowcast(month, few, profile):
    plain = profile.model_copy(update={"horizons": ()})
    report = build_report(few.filter(horizon=0), month, plain, LINEAGE)
    assert [h.hours for h in report.horizons] == [0]
    assert "forecast" not in report.sentences[1]


def test_something_else_than_an_oof_table_is_refused(month, profile):
    with pytest.raises(OofError, match="expected the columns"):
        build_report(month, month, profile, LINEAGE)


@pytest.mark.real_data
def test_the_real_unit_has_ten_testable_events_of_which_operators_noted_five(
    real_labelled, real_baselines, profile
):
    report = build_report(real_baselines, real_labelled, profile, LINEAGE)
    assert report.tested.oof_rows == 560
    assert report.horizons[0].n_events == 10
    assert [h.n_events for h in report.horizons[1:]] == [8, 8, 8]
    always = report.horizons[0].baselines[0]
    assert (always.model, always.periods_found) == ("always_alarm", (5, 5))


def test_spans_are_told_in_a_unit_that_they_fill() -> None:
    assert [span(hours) for hours in (24, 2.5, 0.25, 24 / 3600)] == ["24 h", "2.5 h", "15 min", "24 s"]
