"""Traces by OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` says who takes them.

Belongs here: what is traced. Spans of requests, their export and its flush at the end are FastAPI's own
(`telemetry=` of the app); those of outgoing calls come from OpenTelemetry's instrumentation of httpx. Without an
endpoint neither the SDK nor the exporter nor the instrumentation is imported.
"""

import importlib.util
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from plant_assets.profile.variables import SettingsError
from serving.telemetry.middleware import OFTEN_ASKED
from serving.telemetry.notes import RequestNotes

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PASSWORD = "p"
"""The parameter of a query that is a secret."""
_PREFIX = "forewarn."
_NEEDED = ("opentelemetry.exporter.otlp.proto.http", "opentelemetry.instrumentation.httpx")


def telemetry_config() -> TelemetryConfig:
    """What an app gives to FastAPI: spans of requests, exported as the environment says, and nothing else."""
    return {
        "auto_configure": _endpoint() != "",
        "metrics": False,  # Prometheus has them
        "logs": False,
        "operation_spans": False,
        "exclude": _is_untraced,
    }


def configure(service: str) -> None:
    """Trace this process's outgoing calls, and give its spans the service's name; nothing without an endpoint.

    Raises:
        SettingsError: an endpoint is set, but what is needed isn't installed.
    """
    if not _endpoint():
        return
    os.environ.setdefault("OTEL_SERVICE_NAME", f"forewarn-{service}")
    if not all(_is_installed(module) for module in _NEEDED):
        raise SettingsError(
            f"{_endpoint()}: tracing isn't installed; expected `pip install 'forewarn[otel]'`, or no such variable"
        )
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    HTTPXClientInstrumentor().instrument()


def annotate(notes: RequestNotes, _seconds: float) -> None:
    """Put what is known of a request on its span."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes({f"{_PREFIX}{name}": fact for name, fact in notes.facts.items()})


def _is_untraced(scope: Mapping[str, Any]) -> bool:
    """Whether a request has no span: spans would hold its query, in which InfluxDB 1's clients send their token."""
    query = scope.get("query_string", b"").decode("latin-1")
    return scope.get("path") in OFTEN_ASKED or PASSWORD in dict(parse_qsl(query, keep_blank_values=True))


def _endpoint() -> str:
    """The variable that names who takes spans; empty where nobody does."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    return next((name for name in ENDPOINTS if os.environ.get(name)), "")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
