"""How each disturbance looks on the tags: shifts of the level, swings and busier logging.

Signatures follow the facts of the real unit's events (extremes, volatility ratios, tags involved).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from plant_assets.simulation.events import Disturbance


@dataclass(slots=True)
class DisturbanceArrays:
    """Arrays of (steps, tags) that disturbances draw on.

    Attributes:
        shift: added to the level, in the tag's unit.
        swing: standard deviation of extra, hour-to-hour swings, in the tag's unit.
        busy: whether the tag moves, and is logged, more often than normal.
        noise: standard deviation of each tag's normal noise, one number a tag.
        column: tag name → position.
        hour: steps an hour.
        first: the step that the first row stands for.
        band: half the width of each tag's normal band, one number a tag.
    """

    shift: np.ndarray
    swing: np.ndarray
    busy: np.ndarray
    noise: np.ndarray
    column: dict[str, int]
    hour: int
    first: int = 0
    band: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def blank(
        cls, steps: int, noise: np.ndarray, column: dict[str, int], hour: int, first: int = 0
    ) -> "DisturbanceArrays":
        """Nothing drawn yet on `steps` steps."""
        shape = (steps, len(column))
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool), noise, column, hour, first)

    @property
    def steps(self) -> int:
        return self.shift.shape[0]

    def draw(
        self, tag: str, begin: int, shape: np.ndarray, *, swing: np.ndarray | float = 0.0, busy: bool = True
    ) -> None:
        """Add `shape` (and `swing`, in the tag's unit) from step `begin` on; parts beyond the canvas fall off."""
        column = self.column.get(tag)
        skipped = max(0, self.first - begin)
        begin = max(0, begin - self.first)
        length = min(len(shape) - skipped, self.steps - begin)
        if column is None or length <= 0:
            return
        rows, part = slice(begin, begin + length), slice(skipped, skipped + length)
        self.shift[rows, column] += shape[part]
        added = swing[part] if isinstance(swing, np.ndarray) else np.full(length, swing)
        self.swing[rows, column] = np.hypot(self.swing[rows, column], added)
        if busy:
            self.busy[rows, column] = True


# What announces an excursion, at full strength: tag → (shift, swing) in the tag's unit. Every upset of this
# unit starts in the solvent circuit: flow sags, the sump valve closes against it and the column warms; then
# come the marks of its own kind.
_CIRCUIT = {"FQ31050": (-3.2, 0.8), "LIC31012_OP": (-1.7, 0.4), "TE301020": (1.9, 0.4)}
_OMENS: dict[str, dict[str, tuple[float, float]]] = {
    "flooding": {
        **_CIRCUIT,
        "PDT31008": (28.0, 10.0),
        "PDT31007": (8.0, 3.0),
        "LT301031": (-9.0, 2.0),
    },
    "reboiler_swings": {
        **_CIRCUIT,
        "LT301031": (-10.0, 5.0),
        "LIC31012_PV": (-0.5, 0.5),
    },
    "controller_upset": {
        **_CIRCUIT,
        "LIC31002_OP": (3.0, 0.6),
        "LIC31002_PV": (-0.9, 0.4),
    },
}


# Standard deviation of the swings between the excursions of a campaign.
_UNREST: dict[str, dict[str, float]] = {
    "flooding": {"PDT31008": 30.0, "PDT31007": 9.0, "LT301031": 5.0, "TE301020": 1.2},
    "reboiler_swings": {
        "LT301031": 12.0,
        "LIC31012_PV": 1.2,
        "LIC31012_OP": 1.8,
        "FQ31050": 3.2,
        "TE301020": 1.9,
    },
    "controller_upset": {"LIC31002_PV": 1.6, "LIC31002_OP": 1.6, "FQ31050": 2.4, "LIC31012_PV": 0.8},
}


def draw_disturbance(canvas: DisturbanceArrays, disturbance: Disturbance) -> None:
    """Draw one disturbance; its own seed makes it independent of what else happens."""
    rng = np.random.default_rng(disturbance.seed)
    if disturbance.precursor:
        _draw_omen(canvas, disturbance)
    painter = _PAINTERS.get(disturbance.kind)
    if painter is not None:
        painter(canvas, disturbance, rng)


def _draw_omen(canvas: DisturbanceArrays, disturbance: Disturbance) -> None:
    length = disturbance.onset - disturbance.begin
    ramp = np.linspace(0.7, 1.3, length) * min(disturbance.size, 1.1)
    for tag, (shift, swing) in _OMENS[disturbance.detail or disturbance.kind].items():
        canvas.draw(tag, disturbance.begin, shift * ramp, swing=swing * ramp)


def _apply_flooding(canvas: DisturbanceArrays, disturbance: Disturbance, rng: np.random.Generator) -> None:
    length = disturbance.end - disturbance.onset
    bump = np.sin(np.linspace(0.35, np.pi - 0.35, length))
    side = float(rng.choice([1.0, 1.0, -1.0]))
    canvas.draw("PDT31008", disturbance.onset, 112 * disturbance.size * bump, swing=8.0)
    canvas.draw("PDT31007", disturbance.onset, side * 13 * disturbance.size * bump, swing=5.0)
    canvas.draw("LT301031", disturbance.onset, -8 * bump)
    canvas.draw("FQ31050", disturbance.onset, float(rng.normal(0, 4.5)) * bump, swing=1.0)
    canvas.draw("TE301020", disturbance.onset, float(rng.normal(0, 2.5)) * bump)
    canvas.draw("LIC31012_OP", disturbance.onset, float(rng.normal(0, 3.0)) * bump, swing=0.8)
    trough = max(1, round(canvas.hour * rng.uniform(0.6, 1.6)))
    dip = np.sin(np.linspace(0.3, np.pi - 0.3, trough))
    canvas.draw("PDT31008", disturbance.end, -75 * disturbance.size * rng.uniform(0.3, 1.3) * dip)
    canvas.draw("PDT31007", disturbance.end, -12 * disturbance.size * rng.uniform(0.3, 1.3) * dip)


def _reboiler_swings(canvas: DisturbanceArrays, disturbance: Disturbance, rng: np.random.Generator) -> None:
    length = disturbance.end - disturbance.onset
    period = canvas.hour * rng.uniform(1.9, 3.2)
    wave = np.sin(2 * np.pi * np.arange(length) / period + rng.uniform(0, 2 * np.pi))
    for tag, amplitude in {
        "LT301031": 38.0,
        "LIC31012_PV": 5.5,
        "LIC31012_OP": 7.5,
        "FQ31050": 20.0,
        "TE301020": -7.0,
    }.items():
        strength = amplitude * disturbance.size * rng.uniform(0.7, 1.2)
        canvas.draw(tag, disturbance.onset, strength * wave, swing=abs(amplitude) * 0.25)


def _controller_upset(canvas: DisturbanceArrays, disturbance: Disturbance, rng: np.random.Generator) -> None:
    length = disturbance.end - disturbance.onset
    bump = np.sin(np.linspace(0.4, np.pi - 0.4, length))
    # Always upwards: the unit's rule looks at the hour's highest level against the set point.
    canvas.draw("LIC31002_PV", disturbance.onset, 16.5 * disturbance.size * bump)
    canvas.draw("LIC31002_OP", disturbance.onset, 4.0 * disturbance.size * bump, swing=1.0)
    canvas.draw("FQ31050", disturbance.onset, float(rng.normal(0, 9)) * bump, swing=3.0)
    canvas.draw("LIC31012_PV", disturbance.onset, float(rng.normal(0, 2.5)) * bump, swing=0.8)


def _set_point_kick(canvas: DisturbanceArrays, disturbance: Disturbance, _rng: np.random.Generator) -> None:
    length = disturbance.end - disturbance.onset
    canvas.draw("FIC31011_SP", disturbance.onset, np.full(length, 19.6 * disturbance.size))
    overshoot = 34 * disturbance.size * np.exp(-np.arange(length) / (0.7 * canvas.hour))
    canvas.draw("FIC31011_PV", disturbance.onset, np.maximum(overshoot, 14 * disturbance.size))
    canvas.draw("FIC31011_OP", disturbance.onset, np.full(length, 1.2 * disturbance.size))
    canvas.draw("PDT31008", disturbance.onset, np.full(length, 14.0))


def _unrest(canvas: DisturbanceArrays, disturbance: Disturbance, rng: np.random.Generator) -> None:
    """A campaign's background: its own tags swing throughout, the others now and then."""
    length = disturbance.end - disturbance.begin
    for tag, swing in _UNREST[disturbance.detail].items():
        canvas.draw(tag, disturbance.begin, np.zeros(length), swing=swing, busy=False)
    others = [n for n in canvas.column if not n.endswith("_SP")]
    for begin in range(disturbance.begin, disturbance.end, 4 * canvas.hour):
        tag = others[int(rng.integers(len(others)))]
        burst = np.sin(np.linspace(0.5, np.pi - 0.5, round(canvas.hour * rng.uniform(1, 3))))
        size = float(rng.uniform(2.0, 5.0) * rng.choice([-1, 1]))
        size = min(size, _CEILING.get(tag, size))
        canvas.draw(tag, begin, size * canvas.noise[canvas.column[tag]] * burst)


def _decoy(canvas: DisturbanceArrays, disturbance: Disturbance, rng: np.random.Generator) -> None:
    names = [n for n in canvas.column if not n.endswith("_SP")]
    first = faulty_tag(disturbance, canvas.column)
    sign = float(rng.choice([-1.0, 1.0]))
    shape = np.sin(np.linspace(0.5, np.pi - 0.5, disturbance.end - disturbance.begin))
    for tag, share in ((first, 1.0), (names[int(rng.integers(len(names)))], 0.6)):
        size = _CEILING.get(tag, disturbance.size) if sign > 0 else disturbance.size
        size = min(size, disturbance.size) * share * sign
        canvas.draw(tag, disturbance.begin, size * canvas.noise[canvas.column[tag]] * shape)


def _sensor_fault(canvas: DisturbanceArrays, disturbance: Disturbance, _rng: np.random.Generator) -> None:
    """Shift what the instrument shows; a frozen instrument is left to the historian."""
    length = disturbance.end - disturbance.begin
    shape = {"drift": np.linspace(0, 1, length), "bias": np.ones(length), "spike": np.ones(length)}.get(
        disturbance.detail
    )
    if shape is not None:
        tag = faulty_tag(disturbance, canvas.column)
        size = min(_CEILING.get(tag, disturbance.size), disturbance.size)
        shape = shape * size * canvas.noise[canvas.column[tag]]
        canvas.draw(tag, disturbance.begin, shape, busy=disturbance.detail == "spike")


def _anomaly(canvas: DisturbanceArrays, disturbance: Disturbance, _rng: np.random.Generator) -> None:
    """One tag leaves its level by `size` half widths of its normal band, in one of four shapes."""
    steps = np.arange(disturbance.end - disturbance.onset)
    shape = {
        "drift": np.linspace(0.2, 1.0, len(steps)),
        "swing": np.sign(np.sin(2 * np.pi * (steps + 0.5) / max(len(steps) / 4, 2))),
    }.get(disturbance.detail, np.ones(len(steps)))
    tag = faulty_tag(disturbance, canvas.column)
    canvas.draw(tag, disturbance.onset, shape * disturbance.size * canvas.band[canvas.column[tag]])


def faulty_tag(disturbance: Disturbance, column: dict[str, int]) -> str:
    """The tag that a sensor fault or decoy sits on; never a set point."""
    names = [name for name in column if not name.endswith("_SP")]
    return names[int(disturbance.tag * len(names))]


# A decoy may look like an excursion, but raises no alarm: highest upward size, in noise units.
_CEILING = {"PDT31008": 2.2, "LT301031": 2.6}


def _set_point_move(canvas: DisturbanceArrays, disturbance: Disturbance, _rng: np.random.Generator) -> None:
    rest = np.full(disturbance.end - disturbance.begin, disturbance.size)
    for tag in ("FIC31011_SP", "FIC31011_PV"):
        canvas.draw(tag, disturbance.begin, rest, busy=False)


_PAINTERS: dict[str, Callable[[DisturbanceArrays, Disturbance, np.random.Generator], None]] = {
    "flooding": _apply_flooding,
    "reboiler_swings": _reboiler_swings,
    "controller_upset": _controller_upset,
    "set_point_kick": _set_point_kick,
    "unrest": _unrest,
    "decoy": _decoy,
    "sensor_fault": _sensor_fault,
    "set_point_move": _set_point_move,
    "anomaly": _anomaly,
}

KIND_TAGS: dict[str, tuple[str, ...]] = {
    "flooding": ("PDT31008", "PDT31007"),
    "reboiler_swings": ("LT301031", "LIC31012_PV", "LIC31012_OP", "FQ31050", "TE301020"),
    "controller_upset": ("LIC31002_PV", "LIC31002_OP"),
    "set_point_kick": ("FIC31011_SP", "FIC31011_PV"),
}
