"""Requests and answers of the Open Inference Protocol, as Pydantic models.

Belongs here: shapes and bounds. Doesn't belong here: the numbers of tensors (`tensors.py`), what a model
takes (`inputs.py`).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.inference.schemas import Confidence

MOST_ROWS = 10_000
MOST_TENSORS = 5_000
MOST_OUTPUTS = 100

Size = Annotated[int, Field(ge=0)]


class _Given(BaseModel):
    """Members that this service doesn't know are passed over: the protocol is made to be extended."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class InputParameters(_Given):
    binary_data_size: Size | None = Field(default=None, description="bytes of this tensor behind the JSON")


class InputTensor(_Given):
    """`features` as a whole, or one feature by its name."""

    name: str
    shape: Annotated[list[Size], Field(min_length=1, max_length=2)]
    datatype: Literal["FP64", "FP32"]
    parameters: InputParameters = InputParameters()
    data: list | None = Field(default=None, description="numbers, flat or a list a row; null is imputed")


class OutputParameters(_Given):
    binary_data: bool | None = Field(default=None, description="before `binary_data_output`")
    classification: int | None = Field(default=None, description="not supported")


class RequestedOutput(_Given):
    name: str
    parameters: OutputParameters = OutputParameters()


class RequestParameters(_Given):
    binary_data_output: bool = Field(
        default=False, description="whether outputs come as bytes behind the JSON"
    )


class InferRequest(_Given):
    """An inference request; with binary tensors it is the part before them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": [{"name": "PDT31008", "shape": [1], "datatype": "FP64", "data": [240.0]}]}
            ]
        }
    )

    id: str = ""
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=MOST_TENSORS, fail_fast=True)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=MOST_OUTPUTS, fail_fast=True)] = Field(
        default=[], description="none: all of the model's"
    )


class ServerMetadata(BaseModel):
    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    live: Literal[True] = True


class ServerReady(BaseModel):
    ready: Literal[True] = True


class ModelReady(ServerReady):
    name: str


class ModelNames(BaseModel):
    models: list[str]


class TensorMetadata(BaseModel):
    name: str
    datatype: Literal["FP64", "BOOL"]
    shape: list[int] = Field(description="-1: any number of rows")


class ModelParameters(BaseModel):
    """What the protocol has no place for."""

    title: str
    plant: str
    task: str
    calibrated: bool = Field(description="whether `risk_score` is a probability")
    threshold: float | None = Field(description="`alarm` at or above it; null: never")
    horizon_hours: float
    classes: list[str] = Field(description="what the columns of `probabilities` mean")
    feature_names: list[str] = Field(description="columns of `features`, in order")


class ModelMetadata(BaseModel):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: ModelParameters


class OutputTensor(BaseModel):
    name: str
    datatype: Literal["FP64", "BOOL"]
    shape: list[int]
    parameters: dict[str, int] | None = Field(default=None, description="`binary_data_size`, if it is bytes")
    data: list[float | bool] | None = Field(default=None, description="flat, row by row")


class AnswerParameters(BaseModel):
    prediction_id: str
    plant: str
    imputed_values: int = Field(description="values that were missing and set to their training medians")
    confidence: Confidence = Field(
        description="how far the answer can be relied on: of the least reliable row"
    )
    rows_without_confidence: int = Field(
        description="rows of which more than half of the inputs are missing: a low score then says nothing"
    )
    bad_signals: str = Field(
        description="values beyond their physical range, taken as missing, and the limits that count as crossed"
    )


class InferAnswer(BaseModel):
    model_name: str
    model_version: str
    id: str | None = None
    parameters: AnswerParameters
    outputs: list[OutputTensor]


class IndexRequest(_Given):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ready": True}]})

    ready: bool = Field(default=False, description="only versions that are served")


class IndexEntry(BaseModel):
    name: str
    version: str = ""
    state: Literal["READY", "UNAVAILABLE"]
    reason: str = ""


class ErrorDocument(BaseModel):
    error: str
