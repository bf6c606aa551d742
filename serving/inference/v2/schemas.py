"""Requests and answers of the Open Inference Protocol, as Pydantic models."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.inference.schemas import Confidence

MOST_ROWS = 10_000
MOST_TENSORS = 5_000
MOST_OUTPUTS = 100

Size = Annotated[int, Field(ge=0)]


class _Given(BaseModel):
    """Members that this service doesn't know are passed over: the protocol is made to be extended."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        """A member that is null is absent: clients of KServe and Seldon write optional ones so."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}


class InputParameters(_Given):
    binary_data_size: Size | None = Field(
        default=None, description="number of bytes of this tensor after the JSON"
    )


class InputTensor(_Given):
    """`features` as a whole, or one feature by its name."""

    name: str
    shape: Annotated[list[Size], Field(min_length=1, max_length=2)]
    datatype: Literal["FP64", "FP32"]
    parameters: InputParameters = InputParameters()
    data: list | None = Field(default=None, description="numbers, flat or one list per row; null is imputed")


class OutputParameters(_Given):
    binary_data: bool | None = Field(default=None, description="superseded by `binary_data_output`")
    classification: int | None = Field(default=None, description="not supported")


class RequestedOutput(_Given):
    name: str
    parameters: OutputParameters = OutputParameters()


class RequestParameters(_Given):
    binary_data_output: bool = Field(
        default=False, description="whether outputs are sent as bytes after the JSON"
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
        default=[], description="default: all outputs of the model"
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
    """Parameters beyond the protocol."""

    title: str
    plant: str
    task: str
    calibrated: bool = Field(description="whether `risk_score` is a probability")
    threshold: float | None = Field(description="alarm at or above it; null: no threshold")
    horizon_hours: float
    classes: list[str] = Field(description="classes of the columns of `probabilities`")
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
    parameters: dict[str, int] | None = Field(
        default=None, description="`binary_data_size`, if sent as bytes"
    )
    data: list[float | bool] | None = Field(default=None, description="flat, row-major")


class AnswerParameters(BaseModel):
    prediction_id: str
    plant: str
    imputed_values: int = Field(description="number of missing values set to their training medians")
    confidence: Confidence = Field(description="lowest confidence of all rows")
    rows_without_confidence: int = Field(
        description="rows of which more than half of the inputs are missing: a low score is then meaningless"
    )
    bad_signals: str = Field(
        description="values beyond their physical range, taken as missing, and the alarm rules and limits that count as met or crossed"
    )


class InferAnswer(BaseModel):
    model_name: str
    model_version: str
    id: str | None = None
    parameters: AnswerParameters
    outputs: list[OutputTensor]


class IndexRequest(_Given):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ready": True}]})

    ready: bool = Field(default=False, description="loaded versions only")


class IndexEntry(BaseModel):
    name: str
    version: str = ""
    state: Literal["READY", "UNAVAILABLE"]
    reason: str = ""


class ErrorDocument(BaseModel):
    error: str
