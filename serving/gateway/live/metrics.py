"""What Prometheus is told of the live loop."""

from prometheus_client import Counter

ROWS = Counter("gateway_live_rows_total", "Live rows that were scored")
PASSED_OVER = Counter(
    "gateway_live_passed_over_total", "Live rows that were not scored, as newer ones waited"
)
