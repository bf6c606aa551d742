"""Who is notified of which warnings: `notify.yaml`, which nobody else may read, as its addresses hold secrets.

Belongs here: the file's fields and what is wrong with them. Doesn't belong here: when a message is due (`policy.py`),
sending (`addresses.py`).
"""

import stat
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator

from plant_assets.profile.durations import Duration
from plant_assets.profile.faults import faults
from plant_assets.profile.model import Slug
from plant_assets.profile.tag import StrictModel
from plant_assets.profile.variables import SettingsError
from plant_assets.profile.yaml_text import Place, YamlDocument, YamlFault, parse_yaml

WarningSeverity = Literal["warning", "high"]
"""As on the screen: an alarm now is high, one ahead a warning."""
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
MOST_TARGETS = 100


def _usable_url(secret: SecretStr) -> SecretStr:
    from serving.live.outputs.notify.addresses import is_usable

    if not is_usable(secret.get_secret_value()):
        raise ValueError(
            "expected an address of Apprise, such as mailtos://user:<password>@smtp.example?to=shift@plant.example "
            "or jsons://host/path (not shown here: it may hold a secret)"
        )
    return secret


class QuietHours(StrictModel):
    """Hours of the day, in the plant's zone, in which only severe warnings are sent; the others wait for their end."""

    start: ClockTime
    end: ClockTime
    passes: WarningSeverity | None = Field(
        default="high", description="the least severity that is sent at once; null: none is"
    )

    @model_validator(mode="after")
    def _some_hours(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"expected start and end to differ, got {self.start} twice")
        return self


class NotifyTarget(StrictModel):
    """Somebody who is notified."""

    name: Slug
    url: Annotated[SecretStr, AfterValidator(_usable_url)]
    plants: tuple[Slug, ...] = Field(default=(), description="default: all")
    severity: WarningSeverity = Field(default="warning", description="the least that is sent")
    on_delay: Duration | None = Field(
        default=None, description="a warning is sent only once it has been open for so long"
    )
    quiet_hours: QuietHours | None = None


class NotifyOptions(StrictModel):
    """All targets."""

    targets: tuple[NotifyTarget, ...] = Field(max_length=MOST_TARGETS)

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        if not self.targets:
            raise ValueError("targets: expected at least one")
        names = [target.name for target in self.targets]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"targets: several are called {', '.join(twice)}; expected different names")
        return self


def read_notify_options(path: Path) -> NotifyOptions | None:
    """The targets; None where there is no such file.

    Raises:
        SettingsError: a file that others may read, or a fault in it; a line for each, none with an address.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise SettingsError(f"{path}: expected a readable file ({error.strerror})") from None
    if mode & _OTHERS:
        raise SettingsError(f"{path}: others may read it (mode {stat.S_IMODE(mode):04o}); expected 0600")
    try:
        document = parse_yaml(text, holds="targets")
    except YamlFault as fault:
        raise SettingsError(f"{path}:{fault.line}: {fault}") from None
    try:
        return NotifyOptions.model_validate(document.data)
    except ValidationError as error:
        lines = [_line(path, document, place, said) for place, said in faults(error, NotifyOptions)]
        raise SettingsError("\n".join(lines)) from None


def _line(path: Path, document: YamlDocument, place: Place, said: str) -> str:
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{path}:{document.line_of(place)}: {dotted.removeprefix('.') or 'targets'}: {said}"
