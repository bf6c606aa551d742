"""The report's three opening sentences for a process engineer, in plain words and rounded figures."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.conditions import SLOPE
from plant_assets.validation.evaluate import ModelResult
from plant_assets.validation.report_data import HorizonResults, TestedRows

FEW_EVENTS = 20


def labelled_sentences(
    profile: PlantProfile,
    tested: TestedRows,
    horizons: Sequence[HorizonResults],
    lead: str | None,
) -> tuple[str, str, str]:
    """What was tested on which data; what was found at how many false alarms; what not to trust."""
    now = next((r for r in horizons[0].models if r.model == lead), None) if horizons else None
    ahead = [_best(horizon) for horizon in horizons if horizon.hours]
    forecasts = [result for result in ahead if result is not None]
    return (
        _what(profile, tested, horizons),
        _detection_sentence(profile, now, forecasts),
        _doubts(profile, now, horizons, forecasts),
    )


def model_words(model: str) -> str:
    """A model's name as words."""
    return model.replace("_", " ")


def span(hours: float) -> str:
    """A span of time in the largest unit that it fills: `2.5 h`, `15 min` or `24 s`."""
    for unit, seconds in (("h", 3600), ("min", 60)):
        if hours * 3600 >= seconds:
            return f"{round(hours * 3600 / seconds, 6):g} {unit}"
    return f"{round(hours * 3600, 6):g} s"


def _best(horizon: HorizonResults) -> ModelResult | None:
    return max(horizon.models, key=lambda r: np.nan_to_num(r.pr_auc.value, nan=-1.0), default=None)


def _what(profile: PlantProfile, tested: TestedRows, horizons: Sequence[HorizonResults]) -> str:
    if not tested.oof_rows:
        return (
            f"Nothing was tested: {profile.title} has {tested.rows} rows, too few to train on a part of them."
        )
    source = "simulated data of " if profile.simulated else ""
    text = (
        f"Tested on {tested.oof_rows} hours of {source}{profile.title} ({_day(tested.oof_first)} to "
        f"{_day(tested.oof_last)}), each judged by a model that had learnt only from hours at least "
        f"{span(tested.gap_hours)} earlier"
    ).replace(" hours of", " hours of" if tested.interval_hours == 1 else " rows of", 1)
    if np.isnan(tested.base_rate):
        return f"{text}; no row has a label."
    events = horizons[0].n_events if horizons else 0
    return f"{text}; {100 * tested.base_rate:.0f} % of them were alarms, in {_count(events, 'event')}."


def _detection_sentence(
    profile: PlantProfile, now: ModelResult | None, forecasts: Sequence[ModelResult]
) -> str:
    parts = []
    if now is not None:
        parts.append(_found_now(profile, now, model_words(now.model)))
    if forecasts:
        parts.append(_forecast_sentence(forecasts))
    if not parts:
        return "No model gave scores, so no alarm was detected or forecast."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _found_now(profile: PlantProfile, now: ModelResult, title: str) -> str:
    budget = profile.budget
    if not now.events.n_events:
        return f"the {title} had no event to detect"
    text = f"the {title} found {_shares(now)}"
    if now.events.n_found:
        text += f", half of those within {_hours(-now.events.lead_median_h)} of the start"
    if not now.events.normal_days:
        return f"{text}; there was no normal operation to count false alarms in"
    return (
        f"{text}, at {now.events.false_episodes_per_day:.1f} false alarms and "
        f"{now.events.false_alarm_hours_per_day:.1f} hours of false alarms per day of normal operation "
        f"(budget: {budget.false_episodes_per_day:g} and {budget.false_alarm_hours_per_day:g})"
    )


def _shares(now: ModelResult) -> str:
    """Events found of those that operators noted, and of those at which only alarm rules were met."""
    periods, noted = now.periods_found
    total, found = now.events.n_events, now.events.n_found
    if not noted:
        return f"{found} of {_count(total, 'event')}"
    text = f"{periods} of the {_count(noted, 'event')} that operators noted"
    rest = total - noted
    return f"{text} and {found - periods} of the {rest} at which only alarm rules were met" if rest else text


def _forecast_sentence(forecasts: Sequence[ModelResult]) -> str:
    total = max(result.events.n_events for result in forecasts)
    if not total:
        return "no alarm started in the tested hours, so there was none to forecast"
    hours = join_words([f"{r.horizon} h" for r in forecasts])
    found = join_words([str(r.events.n_found) for r in forecasts])
    rates = join_words([f"{r.events.false_episodes_per_day:.1f}" for r in forecasts])
    plural = "s" if len(forecasts) > 1 else ""
    return (
        f"of {_count(total, 'alarm start')}, the {hours} forecast{plural} warned beforehand of {found}, at "
        f"{rates} false alarms per day"
    )


def _doubts(
    profile: PlantProfile,
    now: ModelResult | None,
    horizons: Sequence[HorizonResults],
    forecasts: Sequence[ModelResult],
) -> str:
    if not now and not forecasts:
        return "Don't trust anything beyond these baselines: no model was evaluated."
    doubts = [*_doubted_forecasts(horizons), *(_doubted_nowcast(profile, now, horizons) if now else ())]
    events = max((h.n_events for h in horizons), default=0)
    if events < FEW_EVENTS:
        doubts.append(f"small differences between models, as {_count(events, 'event')} leave wide intervals")
    if profile.simulated:
        doubts.append("any figure here as one of a real unit, as the data is simulated")
    if not doubts:
        return "Don't trust figures without the interval beside them; no other doubt stands out."
    return f"Don't trust {'; nor '.join(doubts)}."


def _doubted_forecasts(horizons: Sequence[HorizonResults]) -> Iterator[str]:
    """Horizons whose best model isn't clearly ahead of the trivial baselines."""
    reasons = {
        "loses": "which did no better than a trivial baseline (hour of day, a limit, the present state)",
        "unsure": "whose gain over the trivial baselines is not significant",
    }
    for outcome, reason in reasons.items():
        hours = [f"{h.hours} h" for h in horizons if h.hours and _outcome(h, _best(h)) == outcome]
        if hours:
            yield f"the {join_words(hours)} forecast{'s' if len(hours) > 1 else ''}, {reason}"


def _doubted_nowcast(
    profile: PlantProfile, now: ModelResult, horizons: Sequence[HorizonResults]
) -> Iterator[str]:
    if _outcome(horizons[0], now) in ("loses", "unsure"):
        yield "the present-hour model's gain over the trivial baselines, which is not significant"
    if _over_budget(profile, now):
        yield "false alarms staying within the budget, as they were over it here"
    if not SLOPE[0] <= now.slope <= SLOPE[1]:
        yield f"the probabilities of the {model_words(now.model)} as percentages, as they are poorly calibrated"


def _outcome(horizon: HorizonResults, result: ModelResult | None) -> str:
    if result is None:
        return "unknown"
    return next((c.outcome for c in horizon.comparisons if c.model == result.model), "unknown")


def _over_budget(profile: PlantProfile, now: ModelResult) -> bool:
    return (
        now.events.false_episodes_per_day > profile.budget.false_episodes_per_day
        or now.events.false_alarm_hours_per_day > profile.budget.false_alarm_hours_per_day
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _hours(value: float) -> str:
    return f"{value:.0f} h" if value >= 1 else "the first hour"


def _day(when: datetime | None) -> str:
    return f"{when:%-d %b %Y}" if when else "?"


def join_words(words: Sequence[str]) -> str:
    """Words with commas and a last `and`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
