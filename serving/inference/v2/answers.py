"""What a model says to rows, in the protocol's form.

Belongs here: outputs, their order and encoding. Doesn't belong here: inputs, HTTP (`routes.py`).
"""

from typing import NamedTuple

import numpy as np
import orjson
from pydantic import JsonValue

from serving.inference.metrics import record_rows
from serving.inference.models.reconciler import LoadedModel
from serving.inference.rows.inputs import CheckedRows
from serving.inference.v2.errors import BadRequest
from serving.inference.v2.inputs import ParsedInference
from serving.inference.v2.models import (
    ALARM,
    LONGEST_NAME,
    PROBABILITIES,
    RISK_SCORE,
    SCORE,
    datatype_of,
    output_shapes,
)
from serving.inference.v2.schemas import InferRequest
from serving.inference.v2.tensors import to_bytes

LONGEST_TOLD = 2_000


class EncodedAnswer(NamedTuple):
    """An answer ready to be sent.

    Attributes:
        content: the JSON, and the bytes of binary outputs behind it.
        json_length: of the JSON; None where no output is binary.
    """

    content: bytes
    json_length: int | None


def check_outputs(request: InferRequest, model: LoadedModel) -> dict[str, bool]:
    """Name of each output to send → whether as bytes.

    Raises:
        BadRequest: the model has no such output, or it is asked for twice or as classes.
    """
    known, binary = output_shapes(model, -1), request.parameters.binary_data_output
    wanted: dict[str, bool] = {}
    for i, output in enumerate(request.outputs):
        if output.name not in known:
            raise BadRequest(
                f"outputs.{i}.name: got {output.name[:LONGEST_NAME]!r}; expected one of {', '.join(known)}"
            )
        if output.name in wanted:
            raise BadRequest(f"outputs.{i}.name: {output.name} appears twice; expected each output once")
        if output.parameters.classification is not None:
            raise BadRequest(f"outputs.{i}.parameters.classification: not supported; expected none")
        as_bytes = output.parameters.binary_data
        wanted[output.name] = binary if as_bytes is None else as_bytes
    return wanted or dict.fromkeys(known, binary)


def infer(
    model: LoadedModel, asked: ParsedInference, wanted: dict[str, bool], prediction_id: str
) -> EncodedAnswer:
    """The encoded answer; `wanted` comes from `check_outputs`."""
    checked = model.inputs.check_rows(asked.rows)
    values = _evaluate(model, checked)
    record_rows(model, values[RISK_SCORE].ravel(), values[ALARM].ravel(), prediction_id)
    shapes = output_shapes(model, len(asked.rows))
    outputs: list[JsonValue] = []
    tail: list[bytes] = []
    for name, as_bytes in wanted.items():
        output: dict[str, JsonValue] = {"name": name, "datatype": datatype_of(name), "shape": [*shapes[name]]}
        if as_bytes:
            tail.append(to_bytes(values[name]))
            output["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            output["data"] = values[name].ravel().tolist()
        outputs.append(output)
    document: dict[str, JsonValue] = {
        "model_name": model.registry_name,
        "model_version": str(model.version),
        **({"id": asked.request.id} if asked.request.id else {}),
        "parameters": {
            "prediction_id": prediction_id,
            "plant": model.bundle.manifest.plant,
            "imputed_values": int(np.isnan(checked.values).sum()),
            **_reliance(checked),
        },
        "outputs": outputs,
    }
    head = orjson.dumps(document)
    return EncodedAnswer(b"".join([head, *tail]), len(head) if tail else None)


def _reliance(checked: CheckedRows) -> dict[str, JsonValue]:
    """How far the answer can be relied on; the protocol's parameters are single values, so of all rows together."""
    confidences = [*checked.confidence.tolist()]
    return {
        "confidence": next((sure for sure in ("none", "reduced") if sure in confidences), "full"),
        "rows_without_confidence": confidences.count("none"),
        "bad_signals": "; ".join(map(str, checked.faults.signals))[:LONGEST_TOLD],
    }


def _evaluate(model: LoadedModel, checked: CheckedRows) -> dict[str, np.ndarray]:
    """Each output (rows, …); an alarm by the threshold, or by an alarm rule or limit that counts as met or crossed as a signal is bad."""
    scored = model.evaluate(checked.values)
    threshold = model.bundle.manifest.threshold
    own = PROBABILITIES if scored.scores.ndim == 2 else SCORE
    alarms = scored.decisions >= (np.inf if threshold is None else threshold)
    for _, held in checked.faults.rules:
        alarms |= held
    return {
        RISK_SCORE: scored.decisions,
        ALARM: alarms,
        own: scored.scores,
    }
