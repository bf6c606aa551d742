"""The answer to /lineage, as Pydantic models.

Belongs here: its shape. Doesn't belong here: finding what it holds (`service.py`).
"""

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
    answers_now: bool = Field(description="whether this version is served here at this moment")
    registered: datetime | None = Field(
        description="null where MLflow wasn't reached, or has no such version"
    )
    algorithm: str | None
    trained: datetime | None
    page: str = Field(description="in MLflow")


class LineageRun(BaseModel):
    run_id: str
    page: str = Field(description="in MLflow")


class LineageAsset(BaseModel):
    key: str
    page: str = Field(description="in Dagster")


class LineageDagsterRun(BaseModel):
    run_id: str
    page: str = Field(description="in Dagster")
    assets: list[LineageAsset] = Field(description="what the model was made from, and its own asset last")


class LineageData(BaseModel):
    fingerprint: str
    rows: int = Field(description="training rows")
    first: datetime | None
    last: datetime | None
    files: list[ListedFile] | None = Field(
        description="the newest first; null where the version doesn't know"
    )
    further_files: int | None = Field(description="older files, counted only")
    further_records: int | None = Field(description="records that were read from them")


class LineageAnswer(BaseModel):
    """From a prediction to the files and rows that its model learned from."""

    prediction_id: str
    plant: str
    prediction: LineagePrediction
    model_version: LineageVersion
    mlflow_run: LineageRun | None
    dagster_run: LineageDagsterRun | None
    data: LineageData | None
    notes: list[str] = Field(description="what couldn't be found out, and why")
