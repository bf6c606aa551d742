"""Where a simulated plant began: the one fact that its seeded history and its live readings must share.

Whoever comes first, the seeding of the demo or the sensors service, writes it down; the other reads it.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

SEED = 7


class OriginError(ValueError):
    """A note of a plant's origin that can't be used, or contradicts what was asked for."""


class PlantOrigin(BaseModel):
    """A simulated plant's seed, its first moment, midnight UTC, and the days behind it when it goes live."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(ge=0)
    start: AwareDatetime
    past_days: int = Field(default=28, ge=1, description="notes of earlier versions, which lack it, mean 28")

    @field_validator("start")
    @classmethod
    def _midnight(cls, start: datetime) -> datetime:
        start = start.astimezone(UTC)
        if start != start.replace(hour=0, minute=0, second=0, microsecond=0):
            raise ValueError("expected midnight UTC")
        return start


@dataclass(frozen=True, slots=True)
class OriginNote:
    """Where the origin of a plant is noted."""

    folder: Path
    plant: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.plant}.origin.json"

    def read_or_found(self, seed: int | None, now: datetime, past_days: int) -> PlantOrigin:
        """The plant's origin; a plant that has none begins `past_days` before today.

        Args:
            seed: that was asked for; None: whatever it has, `SEED` for a new one.
            now: the present.
            past_days: of a new plant; an origin that was noted keeps its own.

        Raises:
            OriginError: the note is damaged, or is of another seed than asked for.
            OSError: it can't be read or written.
        """
        if not self.path.exists():
            today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            start = today - timedelta(days=past_days)
            self._write_note(
                PlantOrigin(seed=SEED if seed is None else seed, start=start, past_days=past_days)
            )
        try:
            origin = PlantOrigin.model_validate_json(self.path.read_bytes())
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise OriginError(
                f"{self.path}: {what}; expected seed and start. Remove it to start a new plant"
            ) from None
        if seed is not None and seed != origin.seed:
            raise OriginError(
                f"FOREWARN_SENSORS_SEED: {seed}, but plant {self.plant} uses seed {origin.seed}; "
                f"expected the same, or remove {self.folder} to start a new plant"
            )
        return origin

    def _write_note(self, origin: PlantOrigin) -> None:
        """Write the note, unless somebody else was quicker."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(origin.model_dump_json())
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
