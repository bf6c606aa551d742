"""What the simulated unit is like, as typed numbers with their sources.

Sources, by short name: *facts* are the statistics of 28 days of a real gas treatment unit (673 hourly medians
of an event-driven historian); *fitted* numbers were chosen so that a simulated month shows the same statistic;
*assumed* ones are engineering judgement where the facts are silent. docs/simulation.md has the tables.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Tag


@dataclass(frozen=True, slots=True)
class TagModel:
    """How one tag behaves in normal operation.

    Attributes:
        level: median of normal operation, in the tag's unit (facts).
        noise: standard deviation of the fast part, hours apart uncorrelated (facts: std normal less drift).
        drift: standard deviation of the wandering baseline (facts: spread of daily medians).
        drift_hours: time constant of the baseline in hours (facts: autocorrelation at 1, 6 and 24 h).
        decimals: digits the historian keeps (facts).
        deadband: change that makes the historian log, in the tag's unit (assumed: about a tenth of the noise).
        floor: lowest value the process reaches; None: the tag's range.
        daily: half the height of its daily cycle, lowest at 4 and highest at 16 o'clock UTC.
    """

    level: float
    noise: float
    drift: float = 0.0
    drift_hours: float = 72.0
    decimals: int = 3
    deadband: float = 0.0
    floor: float | None = None
    daily: float = 0.0


GAS_TREATMENT: dict[str, TagModel] = {
    "TE301020": TagModel(106.8, 1.05, 0.95, 60, 3, 0.1),
    "PDT31008": TagModel(222.5, 17.5, 7.0, 60, 3, 1.5),
    "PDT31001": TagModel(6.3, 0.45, 2.3, 110, 3, 0.05, 1.4),
    "PDT31007": TagModel(54.0, 4.6, 1.8, 60, 3, 0.4),
    "FQ31050": TagModel(84.1, 1.7, 0.9, 120, 3, 0.2),
    "LT301031": TagModel(46.7, 6.3, 4.2, 48, 3, 0.7),
    "LIC31012_PV": TagModel(80.0, 0.38, 0.05, 24, 1, 0.1),
    "LIC31012_OP": TagModel(41.5, 0.85, 0.4, 72, 2, 0.1),
    "LIC31002_PV": TagModel(70.0, 0.45, 0.05, 24, 1, 0.1),
    "LIC31002_OP": TagModel(17.9, 1.1, 1.15, 120, 2, 0.1),
    "FIC31011_PV": TagModel(412.5, 2.6, 0.5, 48, 1, 0.3),
    "FIC31011_OP": TagModel(42.6, 0.3, 0.6, 160, 2, 0.05),
}

# Correlations of the fast part (facts: levels of normal rows, those of |r| >= .2).
COUPLINGS: tuple[tuple[str, str, float], ...] = (
    ("PDT31008", "TE301020", 0.21),
    ("PDT31008", "PDT31007", 0.30),
    ("PDT31008", "LT301031", -0.30),
    ("PDT31007", "LT301031", -0.28),
    ("FQ31050", "LT301031", 0.35),
    ("FQ31050", "LIC31012_PV", 0.45),
    ("FQ31050", "LIC31012_OP", 0.60),
    ("LT301031", "LIC31012_PV", 0.45),
    ("LT301031", "LIC31012_OP", 0.25),
    ("LIC31012_PV", "LIC31012_OP", 0.40),
    ("TE301020", "LIC31012_OP", -0.25),
    ("FIC31011_PV", "FIC31011_OP", -0.20),
    ("LIC31002_OP", "FIC31011_OP", -0.25),
)


@dataclass(frozen=True, slots=True)
class HistorianParameters:
    """Event-driven logging.

    Attributes:
        quiet_share: share of hours without a move (fitted: facts have .35 to .39 of held hours, events included).
        quiet_correlation: correlation of those hours between tags (facts: .27).
        moves: mean number of further moves in an hour that has one (fitted to intra-hour ranges).
        busy_moves: mean moves an hour while an event upsets the unit (assumed).
        heartbeat_hours: a value is repeated after so long without a record (facts: longest hold 4 h).
    """

    quiet_share: float = 0.41
    quiet_correlation: float = 0.27
    moves: float = 1.1
    busy_moves: float = 5.0
    heartbeat_hours: float = 3.9


@dataclass(frozen=True, slots=True)
class HazardRates:
    """How often things happen, per day of 24 plant hours, and how well they announce themselves.

    Attributes:
        campaigns: days-long disturbances in which excursions recur (facts: 5 in 28 days).
        isolated: single excursions outside campaigns (facts: 7 in 28 days).
        kicks: one-hour kicks of a flow set point (facts: 1 in 28 days; assumed a little more).
        faults: sensor faults, which raise no alarm by themselves (assumed; facts: one frozen valve signal).
        precursor_share: share of events that physical precursors lead (target: two thirds).
        false_starts: precursors as strong as real ones that fade away (assumed: as hard as the real unit).
        decoys: excursions of one or two tags in normal operation (fitted: share of normal hours
            whose last six hours hold an excursion).
        set_point_moves: ordinary changes of a flow set point (facts).
    """

    campaigns: float = 5.5 / 28
    isolated: float = 5 / 28
    kicks: float = 1 / 28
    faults: float = 4 / 28
    precursor_share: float = 2 / 3
    false_starts: float = 0.15
    decoys: float = 0.3
    set_point_moves: float = 6 / 28

    def scale(self, event_rate: float) -> "HazardRates":
        """The same unit with `event_rate` times as many campaigns, isolated excursions and kicks."""
        return replace(
            self,
            campaigns=self.campaigns * event_rate,
            isolated=self.isolated * event_rate,
            kicks=self.kicks * event_rate,
        )


@dataclass(frozen=True, slots=True)
class PlantParameters:
    """Everything a simulated unit is made of."""

    tags: dict[str, TagModel] = field(default_factory=lambda: GAS_TREATMENT)
    historian: HistorianParameters = HistorianParameters()
    hazards: HazardRates = HazardRates()


LOAD_UNITS = frozenset({"A", "kA", "W", "kW", "MW", "VA", "kVA", "MVA"})
"""What follows people's day where nothing else is known."""
EVERY_READ = -1.0
"""A deadband that no change is too small for, not even none."""
CALM = HazardRates(0, 0, 0, 0, 0, 0, 0, 0)


def parameters_of(profile: PlantProfile) -> PlantParameters:
    """The unit's parameters where facts of its tags are known, else those of a calm plant.

    A calm plant has nothing but normal operation. Where it samples more often than hourly, its tags are read at
    every step, as by an instrument that is polled.
    """
    if any(name in GAS_TREATMENT for name in profile.tag_names):
        return PlantParameters()
    hour, interval = timedelta(hours=1), profile.sampling.interval
    always = float("inf")
    polled = HistorianParameters(0.0, moves=always, busy_moves=always, heartbeat_hours=2 * interval / hour)
    return PlantParameters({}, polled if interval < hour else HistorianParameters(), CALM)


def tag_model(tag: Tag, parameters: PlantParameters) -> TagModel:
    """The model of a tag: measured where there are facts, else taken from the profile's bands.

    A tag without facts has the middle of its normal band as level, and never leaves the band by itself: noise is
    cut off at 3.4, drift at 2.2 standard deviations. Half of a load's band is its daily cycle. Without a normal
    band a twentieth of the range stands for it.
    """
    if (known := parameters.tags.get(tag.name)) is not None:
        return known
    low, high = tag.normal or tag.range
    daily = 0.5 * half_band(tag) if tag.unit in LOAD_UNITS else 0.0
    fifth = (half_band(tag) - daily) / 2.5
    polled = parameters.historian.quiet_share == 0
    deadband = EVERY_READ if polled else fifth / 10
    return TagModel((low + high) / 2, 0.55 * fifth, 0.28 * fifth, deadband=deadband, daily=daily)


def half_band(tag: Tag) -> float:
    """Half the width of a tag's normal band, else a fortieth of its range."""
    low, high = tag.normal or tag.range
    return (high - low) / (2 if tag.normal else 40)


def set_point_level(profile: PlantProfile, controller: str, parameters: PlantParameters) -> float:
    """Where a controller holds its process value: the level of the PV's model."""
    return round(tag_model(profile.tag(profile.controllers[controller]["pv"]), parameters).level, 1)
