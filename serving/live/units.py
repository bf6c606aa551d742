"""Factors between units, by pint's registry."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

SPELLINGS = {
    "°C": "degC",
    "°F": "degF",
    "℃": "degC",
    "m³/h": "m^3/h",
    "m3/h": "m^3/h",
    "Nm3/h": "m^3/h",
    "%": "percent",
}
"""How plants write what pint knows under another name."""


class UnitError(ValueError):
    """Units between which there is no factor."""


@cache
def _registry() -> "UnitRegistry":
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def unit_factor(given: str, expected: str) -> tuple[float, float]:
    """Scale and offset from one unit to another: value · scale + offset.

    Raises:
        UnitError: there is none.
    """
    import pint

    registry = _registry()
    try:
        units = [registry.Unit(SPELLINGS.get(unit.strip(), unit.strip())) for unit in (given, expected)]
        zero, one = (registry.Quantity(v, units[0]).to(units[1]).magnitude for v in (0.0, 1.0))
    except (
        pint.PintError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        ZeroDivisionError,
    ) as error:
        raise UnitError(
            f"no conversion to {expected!r}"
            if not isinstance(error, pint.UndefinedUnitError)
            else "unknown unit"
        ) from None
    return float(one - zero), float(zero)
