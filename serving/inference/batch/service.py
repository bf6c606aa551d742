"""Many rows answered at once, and how the answer is sent."""

import asyncio
import math
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.inference.batch.arrow_body import write_answer
from serving.inference.batch.schemas import BadBatchColumn, BatchAnswer, BatchSummary
from serving.inference.batch.tables import ModelRows
from serving.inference.metrics import record_rows
from serving.inference.models.slots import LoadedModel
from serving.inference.prediction_id import PredictionIds

BATCH_THREADS = min(os.cpu_count() or 1, 4)
CHUNK = 512
"""So many rows at a time stay in the processor's cache, and let other requests in between."""


class BatchWorkers:
    """The threads that score batches; one large request at a time, or forty of them would fill the memory.

    Attributes:
        turn: held while a large request is worked on.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(1)
        self.pool = ThreadPoolExecutor(BATCH_THREADS, "batch")

    def close(self) -> None:
        self.pool.shutdown(wait=False)


@dataclass(frozen=True, slots=True)
class BatchScores:
    """The answer to many rows.

    Attributes:
        scores: (rows,), NaN where a row holds nothing that can be used.
        alarms: by the model or by a rule; (rows,).
        rules: names of the alarm rules that each row meets.
        calibrated: whether scores are probabilities.
    """

    scores: NDArray[np.float64]
    alarms: NDArray[np.bool_]
    rules: list[list[str]]
    rows: ModelRows
    calibrated: bool
    about: BatchSummary

    def to_json(self) -> bytes:
        """The columns as JSON, null where a row holds nothing."""
        scores = self._nullable(self.scores, ~self.rows.given)
        found = BatchAnswer(
            **vars(self.about),
            n_rows=len(self.scores),
            risk_score=scores,
            alarm=self._nullable(self.alarms, ~self._is_known),
            confidence=self.rows.confidence.tolist(),
            anomaly_probability=scores if self.calibrated else None,
            rules=self.rules,
        )
        return orjson.dumps(vars(found))

    def to_arrow(self) -> bytes:
        """The columns as an Arrow IPC stream; what is about the whole stands in the schema's metadata, as JSON."""
        import pyarrow as pa

        scores = pa.array(self.scores, mask=~self.rows.given)
        columns = {
            "risk_score": scores,
            "alarm": pa.array(self.alarms, mask=~self._is_known),
            "confidence": pa.array(self.rows.confidence.tolist(), pa.string()),
            "anomaly_probability": scores if self.calibrated else pa.nulls(len(self.scores), pa.float64()),
            "rules": pa.array(self.rules, pa.list_(pa.string())),
        }
        about = {key: orjson.dumps(value).decode() for key, value in vars(self.about).items()}
        return write_answer(columns, about)

    @property
    def _is_known(self) -> NDArray[np.bool_]:
        """Whether a row is an alarm or not; one that holds nothing to score may be an alarm by a bad signal."""
        return self.rows.given | self.alarms

    def _nullable(self, values: np.ndarray, absent: NDArray[np.bool_]) -> list:
        found = values.astype(object)
        found[absent] = None
        return found.tolist()


def score_batch(model: LoadedModel, rows: ModelRows, ids: PredictionIds, pool: Executor) -> BatchScores:
    """Score rows, in chunks that `pool` works on at the same time."""
    manifest = model.bundle.manifest
    chunks = (rows.values[at : at + CHUNK] for at in range(0, len(rows.values), CHUNK))
    scores = np.where(rows.given, np.concatenate([*pool.map(model.score, chunks)]), np.nan)
    alarms = scores >= (math.inf if manifest.threshold is None else manifest.threshold)
    fired: list[list[str]] = [[] for _ in scores]
    for rule, held in (*rows.rules, *rows.faults.rules):
        alarms |= held
        for place in np.flatnonzero(held).tolist():
            fired[place].append(rule.name)
    about = BatchSummary(
        threshold=manifest.threshold,
        horizon_hours=manifest.horizon_hours,
        model=model.registry_name,
        version=model.version,
        prediction_id=ids.new(model.registry_name, model.version),
        plant=manifest.plant,
        imputed=rows.imputed,
        n_imputed=rows.n_imputed,
        unused=rows.unused,
        out_of_range=rows.out_of_range,
        bad_signals=[
            BadBatchColumn(signal.name, signal.side, int(signal.rows.sum()), [*signal.crossed])
            for signal in rows.faults.signals
        ],
    )
    record_rows(model, scores, alarms, about.prediction_id)
    return BatchScores(scores, alarms, fired, rows, manifest.calibrated, about)
