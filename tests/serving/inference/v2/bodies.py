"""Bodies of inference requests, sound ones to be spoilt."""

import httpx
import numpy as np
import orjson

CHAMPION = "plant_alarm_champion"
HEADER = "Inference-Header-Content-Length"


def one_tag(**changes: object) -> dict:
    """One row by one named tensor; `changes` replace members of the tensor, None removes."""
    tensor = {"name": "PDT31008", "shape": [1], "datatype": "FP64", "data": [240.0]} | changes
    return {"inputs": [{key: value for key, value in tensor.items() if value is not None}]}


def binary_body(rows: np.ndarray, *, declared: int | None = None, **members: object) -> tuple[bytes, int]:
    """`features` as bytes behind the JSON, and the JSON's length; `declared` is another size than the true one."""
    content = rows.astype("<f8").tobytes()
    size = len(content) if declared is None else declared
    tensor = {"name": "features", "shape": [*rows.shape], "datatype": "FP64"}
    head = orjson.dumps({"inputs": [tensor | {"parameters": {"binary_data_size": size}}], **members})
    return head + content, len(head)


async def post(
    client: httpx.AsyncClient, content: bytes | dict, length: int | str | None = None, model: str = CHAMPION
) -> httpx.Response:
    """Ask a model; `length` is that of the JSON."""
    headers = {} if length is None else {HEADER.encode(): str(length).encode("latin-1")}
    sent = content if isinstance(content, bytes) else orjson.dumps(content)
    return await client.post(f"/v2/models/{model}/infer", content=sent, headers=headers)
