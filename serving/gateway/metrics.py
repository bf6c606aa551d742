"""What Prometheus is told of the gateway, beside what all services tell (`serving.telemetry`)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

ASKED = Counter("gateway_infer", "Requests to /infer, including failed ones", ["type"])
"""Exported as `gateway_infer_total`."""

LATENCY = Histogram(
    "gateway_infer_latency_seconds",
    "Response time of /infer, including inference and the write to the history",
    ["type"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

EVENT_CLIENTS = Gauge("gateway_sse_clients", "Clients connected to /events")


@contextmanager
def count_request(kind: str) -> Iterator[None]:
    """Count a request to /infer, by one of the routes' names, and take its time, however it ends."""
    began = time.perf_counter()
    try:
        yield
    finally:
        ASKED.labels(kind).inc()
        LATENCY.labels(kind).observe(time.perf_counter() - began)
