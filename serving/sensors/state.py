"""What the live plant keeps on disk, from which everything else is computed again.

Belongs here: its shape, and reading and writing it so that a killed process leaves the old or the new one.
"""

from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from plant_assets.bundle.atomic_file import atomic_write
from plant_assets.simulation.live import DayCheckpoint
from plant_assets.simulation.scenarios import ScenarioSwitch


class StateError(ValueError):
    """A state that can't be gone on from; the text names the file and what to do."""


class PlantState(BaseModel):
    """A live plant, without its readings.

    Attributes:
        tags: that the checkpoint is of, in order.
        position: complete rows since the plant's start.
        published: rows of these whose records were published, or never shall be.
        switches: of scenarios, that still matter at or after the checkpoint.
        checkpoint: the day from which the kept past is simulated again.
    """

    model_config = ConfigDict(extra="forbid")

    tags: list[str]
    position: int = Field(ge=0)
    published: int = Field(ge=0, validation_alias=AliasChoices("published", "flushed"))
    switches: list[ScenarioSwitch] = []
    checkpoint: DayCheckpoint = DayCheckpoint()


_ANEW = "Remove {folder} and run `forewarn stream forget {plant}` to start a new plant"
_STATE = TypeAdapter(PlantState)


class StateFile:
    """One plant's state, in a folder that is made if absent."""

    def __init__(self, folder: Path, plant: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{plant}.json"

    def read(self, tags: list[str]) -> PlantState | None:
        """The state that was written last; None if there is none.

        Raises:
            StateError: it is damaged, or of other tags.
        """
        if not self.path.exists():
            return None
        try:
            state = _STATE.validate_json(self.path.read_bytes())
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"]) or "the document"
            raise StateError(
                f"{self.path}: {place}: {fault['msg']}. {_ANEW.format(folder=self.path.parent, plant=self.path.stem)}"
            ) from None
        if state.tags != tags:
            raise StateError(
                f"{self.path}: tags differ from the profile's ({', '.join(state.tags)[:200]}). "
                f"{_ANEW.format(folder=self.path.parent, plant=self.path.stem)}"
            )
        return state

    def write(self, state: PlantState, *, durable: bool = False) -> None:
        """Replace the state; a durable one shall outlive a power cut, not just a killed process.

        Raises:
            OSError: it can't be written; the old one stays.
        """
        with atomic_write(self.path, durable=durable) as file:
            file.write(_STATE.dump_json(state))
