"""Whether an alarm starts within the next hours: one forecaster a horizon over the same recent rows.

Belongs here: which forecasters a request means. Doesn't belong here: HTTP (`routes.py`), keys (`answers.py`).
"""

from serving.errors import invalid
from serving.inference.answers import Answer, forecast_answer
from serving.inference.plants import PlantModels
from serving.inference.schemas import ForecastRequest
from serving.web.faults import got

FIELD = "recent_observations"


def forecast(models: PlantModels, request: ForecastRequest) -> Answer:
    """The answer to /forecast.

    Raises:
        Invalid: fewer rows than the forecasters' window, no such horizon, or a row at fault.
        NotReady: a forecaster is missing.
    """
    rows, least = request.recent_observations, models.profile.features.window_steps
    if len(rows) < least:
        raise invalid(FIELD, f"{len(rows)} rows", f"at least {least} rows, oldest first")
    hours = models.forecasters
    if request.horizon != "all" and request.horizon not in hours:
        raise invalid("horizon", got(request.horizon), f"one of {sorted(hours)} or 'all'")
    wanted = sorted(hours) if request.horizon == "all" else [request.horizon]
    loaded = [models.ready(hours[h]) for h in wanted]
    answers = [
        forecast_answer(model, model.inputs.from_readings(rows, FIELD), models.ids, len(rows))
        for model in loaded
    ]
    if request.horizon == "all":
        return {"forecasts": list(answers), "n_observations": len(rows)}
    return answers[0]
