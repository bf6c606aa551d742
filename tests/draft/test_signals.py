"""A draft of what a site says of its signals: names, process units, ranges, and the way that readings will come."""

from datetime import timedelta

import pytest
import yaml

from plant_assets.draft.live import SiteDescription, draft_live
from plant_assets.draft.signals import LiveSignal, declared_bands, draft_tags
from plant_assets.ingest.errors import FileRefusal
from plant_assets.profile.model import PlantProfile


def signal(path: str, **options: object) -> LiveSignal:
    return LiveSignal(path, tuple(path.split("/")), **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("paths", "names", "units"),
    [
        (["Mill/FLOW", "LEVEL"], ["FLOW", "LEVEL"], ["Mill", "site"]),
        (["A/Level", "B/Level"], ["A_Level", "B_Level"], ["A", "B"]),
        (["U1/FIC1/PV", "U1/FIC1/SP"], ["FIC1_PV", "FIC1_SP"], ["U1", "U1"]),
        (["U1/FIC1/PV", "U2/FIC1/PV"], ["U1_FIC1_PV", "U2_FIC1_PV"], ["U1", "U2"]),
        (["U1/TI1/Value", "U1/TI2/Value"], ["TI1", "TI2"], ["U1", "U1"]),
        (["TI1", "TI1/Value"], ["TI1", "Value_tag"], ["site", "TI1"]),
        (["a b", "a_b"], ["a_b", "a_b_2"], ["site", "site"]),
    ],
)
def test_names_are_as_short_as_tells_signals_apart(
    paths: list[str], names: list[str], units: list[str]
) -> None:
    tags = draft_tags([signal(path) for path in paths], "site")
    assert [tag.series.name for tag in tags] == names
    assert [tag.process_unit for tag in tags] == units


@pytest.mark.parametrize(
    ("options", "ends", "state"),
    [
        ({"low": 0.0, "high": 120.0}, (-12.0, 132.0), False),
        ({"low": 5.0, "high": 5.0}, (-1e6, 1e6), False),
        ({"unit": "%"}, (-10.0, 120.0), False),
        ({"is_state": True, "low": 0.0, "high": 9.0}, (0.0, 1.0), True),
        ({"value": -5000.0}, (-5e6, 5e6), False),
    ],
)
def test_ranges_are_those_that_the_site_tells(
    options: dict[str, object], ends: tuple[float, float], state: bool
) -> None:
    bands = declared_bands(signal("x", **options))
    assert (bands.range, bands.state, bands.used) == (ends, state, True)


def test_a_draft_says_where_it_comes_from_and_how_its_readings_come() -> None:
    signals = [
        signal("U1/FIC1/PV", unit="bar", low=0.0, high=10.0),
        signal("U1/FIC1/SP"),
        signal("U1/On", is_state=True),
    ]
    site = SiteDescription(
        "opc.tcp://plc:4840",
        "server",
        signals,
        lambda tags: {"opcua": {"url": "opc.tcp://plc:4840", "nodes": dict.fromkeys(tags.values(), "i=1")}},
        {"U1/Recipe\nx": "a String"},
    )
    draft = draft_live("boiler", site, timedelta(seconds=10))
    read = PlantProfile.model_validate(yaml.safe_load(draft.text)["attributes"])
    assert read == draft.profile
    assert read.live.opcua is not None
    assert [tag for tag, _ in read.live.opcua.nodes] == ["FIC1_PV", "FIC1_SP", "On"]
    assert read.controllers == {"FIC1": {"pv": "FIC1_PV", "sp": "FIC1_SP"}}
    assert (read.tag("On").state, read.tag("FIC1_SP").used) == (True, False)
    assert read.sampling.interval == timedelta(seconds=10)
    assert draft.text.startswith(
        "# Drafted from opc.tcp://plc:4840: 3 signals, no history yet.\n# Not read: U1/Recipe"
    )
    assert "engineering range 0 to 10, and a tenth beyond it" in draft.text
    assert 'unit: "" # no unit in the server' in draft.text
    assert "- {name: too_high, when: FIC1_PV > 100" in draft.text


def test_a_site_without_numbers_is_refused() -> None:
    site = SiteDescription("place", "server", [], lambda tags: {}, {"Recipe": "a String"})
    with pytest.raises(
        FileRefusal, match=r"place: the server has no number; not read: Recipe \(a String\); expected"
    ):
        draft_live("boiler", site, timedelta(minutes=1))
