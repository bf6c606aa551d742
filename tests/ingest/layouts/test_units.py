"""Headers of exports: the unit that they tell."""

import pytest

from plant_assets.ingest.layouts.units import split_unit


@pytest.mark.parametrize(
    ("title", "bare", "unit"),
    [
        ("Pressure [bar]", "Pressure", "bar"),
        ("T_in (degC)", "T_in", "degC"),
        ("T_in (°C)", "T_in", "degC"),
        ("flow, m3/h", "flow", "m3/h"),
        ("Durchfluss [m³/h]", "Durchfluss", "m3/h"),
        ("Radiation [W/m²]", "Radiation", "W/m2"),
        ("Shaft (\N{MICRO SIGN}m)", "Shaft", "\N{MICRO SIGN}m"),
        ("Shaft (\N{GREEK SMALL LETTER MU}m)", "Shaft", "\N{GREEK SMALL LETTER MU}m"),
        ("Load {%}", "Load", "%"),
        ("Load []", "Load", ""),
        ("Speed [furlongs]", "Speed", "furlongs"),
        ("Note [twenty-four letters of it, the rest isn't kept]", "Note", "twenty-four letters of i"),
        ("Temp (inlet)", "Temp (inlet)", ""),
        ("Doe, John", "Doe, John", ""),
        ("[bar]", "[bar]", ""),
        ("FIC101.PV", "FIC101.PV", ""),
    ],
)
def test_a_header_tells_its_unit(title: str, bare: str, unit: str) -> None:
    assert split_unit(title) == (bare, unit)
