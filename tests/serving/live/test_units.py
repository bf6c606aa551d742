"""Units as sources state them: what converts, and texts that pint must not be given."""

import pytest

from serving.live.admission import PlantAdmission
from serving.live.readings import IntakeReceipt, RawReading
from serving.live.units import MOST_NEW_UNITS, UnitError, UnitFactors, unit_factor
from tests.serving.live.sites import small_profile

NOW_US = 1_740_981_600_000_000


@pytest.mark.parametrize(
    ("given", "expected", "scale"),
    [
        ("bar", "mbar", 1000.0),
        (" m³/h ", "m3/h", 1.0),
        ("l/min", "m^3/h", 0.06),
        ("kgf/cm^2", "bar", 0.980665),
        ("W/(m^2*K)", "kW/(m^2*K)", 0.001),
        ("1/min", "1/s", 1 / 60),
    ],
)
def test_units_of_plants_convert(given: str, expected: str, scale: float) -> None:
    assert unit_factor(given, expected) == pytest.approx((scale, 0.0))


@pytest.mark.parametrize(
    "given",
    [
        "9**9**9**9",
        "9^9^9^9",
        "(9^9)^9",
        "(m^9)^9",
        "10**10000000*bar",
        "bar**99999999",
        "(" * 5000 + "bar" + ")" * 5000,
        "mbar*" * 3000 + "bar",
        "bar" * 100_000,
        "bar;bar",
        "mbar # a remark",
        "bar\0",
        "__import__('os')",
        "2 bar",
    ],
)
def test_what_pint_would_compute_or_choke_on_is_no_unit(given: str) -> None:
    with pytest.raises(UnitError, match="unknown unit"):
        unit_factor(given, "mbar")


def test_a_batch_brings_a_few_new_units_and_the_next_one_others() -> None:
    factors = UnitFactors()
    for number in range(MOST_NEW_UNITS):
        with pytest.raises(UnitError, match="unknown unit"):
            factors.find(f"blorp{number}", "mbar")
    with pytest.raises(UnitError, match="more than 100 unknown units in a batch"):
        factors.find("bar", "mbar")
    factors.begin_batch()
    assert factors.find("bar", "mbar") == (1000.0, 0.0)
    with pytest.raises(UnitError, match="unknown unit"):
        factors.find("blorp1", "mbar")


def test_a_value_that_its_factor_makes_too_large_is_refused() -> None:
    admission = PlantAdmission(small_profile(), lambda: NOW_US)
    receipt = IntakeReceipt()
    readings = [
        RawReading("FLOW", NOW_US, 1e90, unit="Qm^3/h"),
        RawReading("FLOW", NOW_US, 2.0, unit="m^3/s"),
    ]
    assert [one.value for one in admission.admit(readings, None, receipt)] == [7200.0]
    assert receipt.refused[0].reason == "FLOW = 1e+180"
    assert receipt.refused[0].expected == "a finite number up to 1e100, or null"
