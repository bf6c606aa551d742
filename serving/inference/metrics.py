"""Prometheus figures of models: their scores, which versions are loaded, how old these are.

Belongs here: figures of inference alone. Labels are plants and models of the profiles, so there are few.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.inference.models.reconciler import ModelReconciler
from serving.inference.models.slots import LoadedModel
from serving.inference.schemas import RowAnswer
from serving.telemetry.metrics import BUCKETS
from serving.telemetry.notes import RequestNotes, RequestScore, note, note_score

LABELS = ["plant", "model"]


def record_row(answer: RowAnswer, model: LoadedModel) -> None:
    """Note the answer of a model to a row for the log, spans and figures of its request."""
    _record(model, answer.risk_score, int(answer.alarm), answer.prediction_id)


def record_rows(
    model: LoadedModel, risks: NDArray[np.floating], alarms: NDArray[np.bool_], prediction_id: str
) -> None:
    """Note what a model answered to many rows, as one request: `risks` and `alarms` (rows,), NaN: nothing to score."""
    scored = ~np.isnan(risks)
    if scored.any():
        total, found = int(scored.sum()), int(alarms[scored].sum())
        _record(model, float(risks[scored][-1]), found, prediction_id, rows=total)


def record_pointwise(
    model: LoadedModel, scores: NDArray[np.floating], anomalies: NDArray[np.bool_], prediction_id: str
) -> None:
    """Note readings that a model judged one by one, as one request; as `record_rows`, and as anomalies."""
    _record(model, float(scores[-1]), int(anomalies.sum()), prediction_id, judged=True, rows=len(scores))


def _record(
    model: LoadedModel,
    risk: float,
    alarms: int,
    prediction_id: str,
    *,
    judged: bool = False,
    rows: int = 1,
) -> None:
    manifest = model.bundle.manifest
    note_score(
        RequestScore(manifest.plant, manifest.model, risk, alarms, manifest.horizon_hours, judged, rows)
    )
    note(plant=manifest.plant, model=model.registry_name, prediction_id=prediction_id)


class ScoreMetrics:
    """What models answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("inference_requests_total", "Scored requests", LABELS, registry=registry)
        self._latency = Histogram(
            "inference_latency_seconds",
            "Response time of scored requests, from the first byte of the request",
            LABELS,
            buckets=BUCKETS,
            registry=registry,
        )
        self._last = Gauge(
            "inference_last_risk_score",
            "Latest score",
            LABELS,
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._high = Counter(
            "inference_high_risk_total",
            "Rows in alarm, by threshold or alarm rule",
            LABELS,
            registry=registry,
        )
        self._anomalies = Counter(
            "anomalies_total",
            "Anomalous readings of plants that score each reading",
            LABELS,
            registry=registry,
        )
        self._forecasts = Counter(
            "forecast_requests_total", "Forecasts, by horizon in hours", ["horizon"], registry=registry
        )

    def observe(self, notes: RequestNotes, seconds: float) -> None:
        """Count what one request was answered."""
        for score in notes.scores:
            labels = score.plant, score.model
            self._requests.labels(*labels).inc()
            self._latency.labels(*labels).observe(seconds)
            self._last.labels(*labels).set(score.risk)
            if score.alarms:
                self._high.labels(*labels).inc(score.alarms)
            if score.judged:
                self._anomalies.labels(*labels).inc(score.alarms)
            if score.horizon_hours:
                self._forecasts.labels(f"{score.horizon_hours:g}").inc()


class ModelsCollector(Collector):
    """The loaded versions, as they are when Prometheus asks.

    There is no reconciler before the service runs.
    """

    def __init__(self, reconciler: Callable[[], ModelReconciler | None]) -> None:
        self._reconciler = reconciler

    def describe(self) -> list[Metric]:
        return [*self._families().values()]

    def collect(self) -> list[Metric]:
        families = self._families()
        reconciler = self._reconciler()
        for slot in reconciler.all_slots if reconciler else ():
            labels = [slot.plant, slot.model]
            families["swaps"].add_metric(labels, slot.swaps)
            families["loaded"].add_metric(labels, float(slot.current is not None))
            if slot.current is not None:
                families["version"].add_metric(labels, slot.current.version)
                families["age"].add_metric(labels, time.time() - slot.current.facts.created.timestamp())
                families["in_memory"].add_metric(labels, float(slot.current.model is not None))
        if reconciler is not None:
            families["bytes"].add_metric([], reconciler.cache.bytes)
            families["limit"].add_metric([], reconciler.cache.most_bytes)
            families["loads"].add_metric([], reconciler.cache.loads)
            families["drops"].add_metric([], reconciler.cache.evictions)
            families["mlflow"].add_metric([], float(not reconciler.registry_fault))
        return [*families.values()]

    def _families(self) -> dict[str, GaugeMetricFamily | CounterMetricFamily]:
        return {
            "version": GaugeMetricFamily("model_version", "Serving version", labels=LABELS),
            "age": GaugeMetricFamily(
                "model_age_seconds", "Time since the training of the serving version", labels=LABELS
            ),
            "loaded": GaugeMetricFamily("model_loaded", "1 if the model is serving", labels=LABELS),
            "in_memory": GaugeMetricFamily("model_in_memory", "1 if the model is in memory", labels=LABELS),
            "bytes": GaugeMetricFamily(
                "models_memory_bytes", "Approximate memory use of loaded models", labels=[]
            ),
            "limit": GaugeMetricFamily(
                "models_memory_limit_bytes", "Memory limit of loaded models", labels=[]
            ),
            "loads": CounterMetricFamily("models_read", "Models loaded into memory", labels=[]),
            "drops": CounterMetricFamily("models_dropped", "Models evicted from memory", labels=[]),
            "swaps": CounterMetricFamily(
                "model_swaps", "Model versions put into service since the start", labels=LABELS
            ),
            "mlflow": GaugeMetricFamily("mlflow_up", "1 if MLflow responded to the last poll", labels=[]),
        }
