"""The health check of the API server and the scheduler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from poverty_watch.settings import PROJECT

ANSWERS = {
    # The scheduler's own health server says nothing when all is well.
    "/health": (200, b""),
    "/unwell": (503, b""),
    "/all-well": (200, b'{"metadatabase": {"status": "healthy"}, "scheduler": {"status": null}}'),
    "/no-scheduler": (
        200,
        b'{"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}}',
    ),
    "/no-database": (200, b'{"metadatabase": {"status": "unhealthy"}}'),
}


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def is_well(address: str) -> bool:
    check = PROJECT / "include" / "compose" / "answers.py"
    return subprocess.run([sys.executable, check, address], timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("path", "well"),
    [
        ("/health", True),
        ("/unwell", False),
        ("/all-well", True),
        ("/no-scheduler", True),
        ("/no-database", False),
    ],
)
def test_a_service_is_well_when_it_and_the_database_are(
    service: str, path: str, well: bool
) -> None:
    assert is_well(service + path) is well


def test_nobody_there_is_not_well() -> None:
    assert not is_well("http://127.0.0.1:1/health")
