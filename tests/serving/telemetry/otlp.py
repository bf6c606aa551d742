"""A receiver of OTLP over HTTP on loopback."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Spans:
    """What was received: by service, each span as its fields that tests look at."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.by_service: dict[str, list[dict[str, object]]] = {}

    def of(self, service: str, trace: str) -> list[dict[str, object]]:
        """A service's spans of one trace."""
        return [span for span in self.by_service.get(service, []) if span["trace"] == trace]

    def take(self, path: str, content: bytes) -> None:
        self.paths.add(path)
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            mine = self.by_service.setdefault(names["service.name"], [])
            for scope in resource.scope_spans:
                mine += [
                    {
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        **{a.key: a.value.string_value or a.value.int_value for a in span.attributes},
                    }
                    for span in scope.spans
                ]


@contextmanager
def receiver() -> Iterator[tuple[str, Spans]]:
    """Gives its address and what it has got so far."""
    spans = Spans()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            spans.take(self.path, content)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
