"""The answer to /lineage, as Pydantic models."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from plant_assets.bundle.data_files import DataFile

ListedFile = Annotated[DataFile, PlainSerializer(lambda file: file.model_dump(mode="json"))]
"""A file as its bundle's `data_files.json` has it, times ending in Z."""


class LineagePrediction(BaseModel):
    at: datetime
    model: str
    version: int


class LineageVersion(BaseModel):
    name: str
    version: int
    aliases: list[str]
    answers_now: bool = Field(description="whether this version is serving")
    registered: datetime | None = Field(description="null if MLflow does not respond or lacks the version")
    algorithm: str | None
    trained: datetime | None
    page: str = Field(description="URL of its MLflow page")


class LineageRun(BaseModel):
    run_id: str
    page: str = Field(description="URL of its MLflow page")


class LineageAsset(BaseModel):
    key: str
    page: str = Field(description="URL of its Dagster page")


class LineageDagsterRun(BaseModel):
    run_id: str
    page: str = Field(description="URL of its Dagster page")
    assets: list[LineageAsset] = Field(description="upstream assets of the model, and its own asset last")


class LineageData(BaseModel):
    fingerprint: str
    rows: int = Field(description="number of training rows")
    first: datetime | None
    last: datetime | None
    files: list[ListedFile] | None = Field(
        description="newest first; null if the version has no record of them"
    )
    further_files: int | None = Field(description="number of older files")
    further_records: int | None = Field(description="number of records read from them")


class LineageAnswer(BaseModel):
    """A prediction's model version, runs, and training files and rows."""

    prediction_id: str
    plant: str
    prediction: LineagePrediction
    model_version: LineageVersion
    mlflow_run: LineageRun | None
    dagster_run: LineageDagsterRun | None
    data: LineageData | None
    notes: list[str] = Field(description="what is unknown, and why")
