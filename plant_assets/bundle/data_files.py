"""What a bundle says of the files behind it: the schema of its `data_files.json`.

Belongs here: fields; older bundles call records rows. Doesn't belong here: finding them (`plant_assets.lineage.data_files`).
"""

from typing import Annotated, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field

DATA_FILES = "data_files.json"
MOST_FILES = 500
"""So many are named; of the older ones only their number and records are kept."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataFile(_Strict):
    """A dropped file and its share of the training rows."""

    name: str = Field(description="file name as dropped; empty if no longer recorded")
    sha256: Sha256
    kind: Literal["readings", "operator_log"]
    dropped_at: AwareDatetime | None = None
    ingested_records: int | None = Field(
        default=None,
        ge=0,
        validation_alias=AliasChoices("ingested_records", "ingested_rows"),
        description="number of values (one tag at one time) read from it, or periods of an operator log; "
        "a row of a wide file holds many",
    )
    first_row: int = Field(ge=0, description="row number in the file, counted from 1")
    last_row: int = Field(ge=0)
    first: AwareDatetime = Field(description="first training row with a value from it")
    last: AwareDatetime


class DataFiles(_Strict):
    """The files of one training, the newest first, and how many older ones there were besides."""

    files: tuple[DataFile, ...] = Field(default=(), max_length=MOST_FILES)
    further_files: int = Field(default=0, ge=0)
    further_records: int = Field(
        default=0,
        ge=0,
        validation_alias=AliasChoices("further_records", "further_rows"),
        description="number of records read from the further files",
    )
