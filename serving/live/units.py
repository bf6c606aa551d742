"""Factors between units, by pint's registry.

Pint reads units as Python's arithmetic: `9**9**9**9` is computed, for ever. What isn't written as units are never gets there.
"""

import re
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


LONGEST_UNIT = 40
MOST_NEW_UNITS = 100
_MOST_REMEMBERED = 1000
_FACTOR = (
    r"\(?+(?:1(?![\w^]|\*\*)|%|°?[^\W\d_][\w%°]*+)(?:(?:\^|\*\*)-?\d(?!\d|\^|\*\*)|⁻[¹²³])?+\)?+(?![\^]|\*\*)"
)
_UNIT = re.compile(rf"{_FACTOR}(?:(?: ?[*/·] ?| ){_FACTOR})*+").fullmatch
"""Names with an exponent of one digit, multiplied and divided: no other numbers, no power of a power."""


class UnitError(ValueError):
    """Units between which there is no factor."""


@cache
def _registry() -> "UnitRegistry":
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


class UnitFactors:
    """Factors to some units, remembered as far as that is bounded.

    A text that nobody has asked for costs pint a tenth of a millisecond, so that a batch may bring a few of them only.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, float] | str] = {}
        self._left = MOST_NEW_UNITS

    def begin_batch(self) -> None:
        """A batch begins, which may bring new units."""
        self._left = MOST_NEW_UNITS

    def find(self, given: str, expected: str) -> tuple[float, float]:
        """Scale and offset from one unit to another: value · scale + offset.

        Raises:
            UnitError: there is none, or the batch has brought too many units.
        """
        found = self._known.get((given, expected))
        if found is None:
            found = self._ask(given, expected)
        if isinstance(found, str):
            raise UnitError(found)
        return found

    def _ask(self, given: str, expected: str) -> tuple[float, float] | str:
        if self._left == 0:
            return f"more than {MOST_NEW_UNITS} unknown units in a batch"
        self._left -= 1
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        try:
            found = unit_factor(given, expected)
        except UnitError as error:
            found = str(error)
        if len(given) <= LONGEST_UNIT:
            self._known[given, expected] = found
        return found


def unit_factor(given: str, expected: str) -> tuple[float, float]:
    """Scale and offset from one unit to another: value · scale + offset.

    Raises:
        UnitError: there is none.
    """
    if len(given) > LONGEST_UNIT or _UNIT(given.strip()) is None:
        raise UnitError("unknown unit")
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
