"""One row for each event of the plant: was it found, was it warned of, how early."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plant_assets.validation.evaluate import GroundTruth, ModelResult
from plant_assets.validation.events import EventOutcome, PlantEvent


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """What one model made of an event; `lead_h` None = not found."""

    model: str
    horizon: int
    tested: bool
    found: bool
    lead_h: float | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event and the answers of the lead model and the forecasters; untested ones have no test row."""

    event: PlantEvent
    hours: float
    tested: bool
    answers: tuple[EventAnswer, ...]


def event_table(
    ground: GroundTruth, models: Mapping[int, Sequence[ModelResult]], lead: str | None
) -> tuple[EventRow, ...]:
    """All events of the history in time order, tested or not; `models` are those of each horizon."""
    speakers = [
        speaker
        for horizon, results in models.items()
        if (speaker := _speaker(results, None if horizon else lead)) is not None
    ]
    hour = np.timedelta64(1, "h")
    rows = []
    for event in ground.plant_events:
        answers = tuple(_answer(speaker, event) for speaker in speakers)
        length = float((event.end - event.start + np.timedelta64(ground.interval)) / hour)
        rows.append(EventRow(event, length, any(answer.tested for answer in answers), answers))
    return tuple(rows)


def _speaker(models: Sequence[ModelResult], lead: str | None) -> ModelResult | None:
    """The named model, else the one that ranks best."""
    named = next((result for result in models if result.model == lead), None)
    ranked = max(models, key=lambda r: np.nan_to_num(r.pr_auc.value, nan=-1.0), default=None)
    return named or ranked


def _answer(result: ModelResult, event: PlantEvent) -> EventAnswer:
    outcome = _outcome_of(result.events.outcomes, event, ahead=result.horizon > 0)
    if outcome is None:
        return EventAnswer(result.model, result.horizon, False, False, None)
    return EventAnswer(result.model, result.horizon, True, outcome.found, outcome.lead_h)


def _outcome_of(outcomes: Sequence[EventOutcome], event: PlantEvent, *, ahead: bool) -> EventOutcome | None:
    """A forecast is judged on starts of alarms, so an event that follows on another one has none."""
    for outcome in outcomes:
        same = outcome.event.start == event.start if ahead else outcome.event == event
        if same:
            return outcome
    return None
