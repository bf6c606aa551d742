"""A tag of a draft: how the export tells it, and what its values say.

Belongs here: the shape alone. Doesn't belong here: finding it (`draft.py`), writing it (`document.py`).
"""

from dataclasses import dataclass

from plant_assets.draft.bands import ValueBands
from plant_assets.draft.series import NamedSeries


@dataclass(frozen=True, slots=True)
class DraftedTag:
    """A tag of a draft, for people.

    Attributes:
        series: how the export tells it.
        bands: what its values say.
        process_unit: the part of the plant that it belongs to.
    """

    series: NamedSeries
    bands: ValueBands
    process_unit: str
