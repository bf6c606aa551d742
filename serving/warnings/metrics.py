"""What Prometheus is told of warnings."""

from prometheus_client import Gauge

OPEN_WARNINGS = Gauge("gateway_warnings_open", "Open warnings", ["plant"])
