"""Whatever an export holds: it is refused in a sentence, or its draft loads, checks, and reads the same export."""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plant_assets.draft.draft import draft_plant
from plant_assets.features.rules import check_rules_of
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.errors import FileRefusal
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.load import read_profile

STEP = st.sampled_from([1, 5, 60, 300, 3600, 86400, 0.2, 7, 4000])
TITLE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=70),
    st.sampled_from(
        ["FIC1.PV", "FIC1.SP", "FIC1.OP", "FIC1", "T [degC]", "T", "T_max", "P (in)", "P (out)", "label"]
    ),
    st.sampled_from(
        ["value", "quality", "P_quality", "id", "unit", "name", "start", "end", "%", "#", "T_mean_3h"]
    ),
    st.sampled_from(
        [
            "yes",
            "no",
            "null",
            "1",
            "- x",
            "a: b",
            "*",
            "&a",
            "x_flags",
            "timestamp",
            "SELECT",
            "'",
            '"',
            "? x",
            "x:",
            "{a",
            "|",
            "!t",
        ]
    ),
)
NUMBER = st.one_of(
    st.floats(-100, 100), st.sampled_from([0.0, 1.0, -9999.0, 1e30, 1e-12, 5e-324, 1e15, -1e9, 1e300])
)
CELLS = st.one_of(
    st.builds(lambda v, _: [v], NUMBER, st.none()),
    st.lists(NUMBER, min_size=2, max_size=12),
    st.lists(st.one_of(NUMBER, st.none()), min_size=2, max_size=12),
    st.lists(st.sampled_from(["on", "off", "Bad", ""]), min_size=1, max_size=4),
)


@st.composite
def exports(draw: st.DrawFn) -> str:
    """A wide CSV; cells repeat a drawn pattern, so that some columns are constant or nearly so."""
    titles = draw(st.lists(TITLE, min_size=1, max_size=6, unique_by=str.casefold))
    patterns = [draw(CELLS) for _ in titles]
    rows, step = draw(st.integers(8, 150)), draw(STEP)
    start = datetime(2020, 1, 1)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=draw(st.sampled_from([",", ";", "\t"])))
    writer.writerow(["time", *titles])
    for row in range(rows):
        at = start + timedelta(seconds=step * row)
        writer.writerow([at.isoformat(sep=" "), *(p[row * 7 % len(p)] for p in patterns)])
    return out.getvalue()


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(exports())
def test_any_export_is_refused_or_its_draft_loads_and_reads_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("draft")
    export = folder / "my export.csv"
    export.write_text(text, "utf-8", newline="")
    try:
        draft = draft_plant("unit", [export])
    except FileRefusal as refusal:
        said = str(refusal)
        if "my export.csv: " in said and "expected" in said:
            return
        raise
    path = folder / "unit" / "defs.yaml"
    path.parent.mkdir()
    path.write_text(draft.text, "utf-8")
    profile = read_profile(path)
    check_rules_of(profile, path)
    assert profile == draft.profile
    assert feature_specs(profile)
    reading = read_drop_file(export, profile)
    assert set(reading.report.tags) <= set(profile.tag_names)
    _within(reading.records.height, draft.exports.records.height)


def _within(read: int, drafted: int) -> None:
    """What can't be true, such as -9999, is dropped; all else is read."""
    assert 0.5 * drafted <= read <= drafted


def test_the_draft_of_a_draft_is_the_same(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text(
        "time,T [degC],P\n" + "".join(f"2020-01-{d:02},{d * d % 7},{d}\n" for d in range(1, 31))
    )
    assert draft_plant("unit", [export]).text == draft_plant("unit", [export]).text
