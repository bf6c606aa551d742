"""What a notification says.

Belongs here: its words. Doesn't belong here: who gets it.
"""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from plant_assets.profile.model import PlantProfile
from serving.live.outputs.influx.points import ChangedWarning
from serving.live.outputs.notify.policy import severity_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_TITLE = 150


@dataclass(frozen=True, slots=True)
class NotificationText:
    title: str
    body: str


def compose(
    warning: ChangedWarning, step: str, profile: PlantProfile | None, public_url: str
) -> NotificationText:
    """A message in plain text, with the link to the page where the warning is acknowledged.

    Args:
        warning: as it was when the change was made.
        step: of `policy.step_of`.
        profile: of its plant, for its title and zone; None where nobody here knows it any more.
        public_url: where the screen is reached.
    """
    plant = profile.title if profile else warning.plant
    zone = ZoneInfo(profile.timezone if profile else "UTC")
    since = f"{warning.since.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    lines = [
        f"{plant}: {_describe(warning)}",
        f"Open since {since} (plant time){', escalated' if step.startswith('escalated') else ''}.",
    ]
    if warning.repeat > 1:
        lines.append(f"It has opened {warning.repeat} times in succession.")
    lines += ["", f"Acknowledge: {public_url.rstrip('/')}/warnings/{warning.id}"]
    word = "Alarm" if severity_of(warning) == "high" else "Warning"
    return NotificationText(
        _one_line(f"{word}: {plant}: {_describe(warning)}")[:_LONGEST_TITLE],
        "\n".join(map(_one_line, lines)),
    )


def _describe(warning: ChangedWarning) -> str:
    crossed = warning.crossed
    if crossed.rule is not None:
        return f"alarm rule met: {crossed.description or crossed.rule}"
    when = f"alarm starts within {warning.horizon_hours:g} h" if warning.horizon_hours else "alarm now"
    limit = "" if crossed.threshold is None else f", threshold {crossed.threshold:.3g}"
    return f"{when} (score {crossed.probability:.3g}{limit})"


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
