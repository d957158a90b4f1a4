"""Real servers on loopback: SFTP and HTTP, in threads, that can be told to misbehave."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import paramiko

USER, PASSWORD = "county", "s3cret-Of-The-Office"


@dataclass
class SftpServer:
    """Serves ``root``. The lists are consumed: one entry for each connection or each read file."""

    root: Path
    key: paramiko.PKey = field(default_factory=lambda: paramiko.RSAKey.generate(2048))
    port: int = 0
    connections: int = 0
    reads: list[str] = field(default_factory=list)
    cut_reads: int = 0  # so many files break off after their first bytes
    slow_reads: float = 0.0
    drop_connections: int = 0  # so many connections are closed at once
    while_listing: Callable[[], None] = lambda: None
    while_reading: Callable[[], None] = lambda: None
    transports: list[paramiko.Transport] = field(default_factory=list)

    @property
    def host_key(self) -> str:
        """As a connection's ``host_key`` is written."""
        return f"{self.key.get_name()} {self.key.get_base64()}"

    @contextmanager
    def client(self) -> Iterator[paramiko.SFTPClient]:
        """What a caller of the library would hand it."""
        with paramiko.SSHClient() as ssh:
            ssh.get_host_keys().add(f"[127.0.0.1]:{self.port}", self.key.get_name(), self.key)
            ssh.connect(
                "127.0.0.1",
                self.port,
                USER,
                PASSWORD,
                timeout=5,
                banner_timeout=5,
                allow_agent=False,
                look_for_keys=False,
            )
            with ssh.open_sftp() as client:
                yield client


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _File(paramiko.SFTPHandle):
    def __init__(self, path: Path, server: SftpServer, transport: paramiko.Transport) -> None:
        super().__init__(os.O_RDONLY)
        self._path, self._server, self._transport = path, server, transport
        self._cut = server.cut_reads > 0
        server.cut_reads -= self._cut
        server.reads.append(path.name)

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(self._path.stat())

    def read(self, offset: int, length: int) -> Any:
        time.sleep(self._server.slow_reads)
        self._server.while_reading()
        if self._cut and offset > 0:
            self._transport.close()
            return paramiko.SFTP_FAILURE
        with self._path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, login: Any, served: SftpServer, transport: paramiko.Transport) -> None:
        super().__init__(login)
        self._served, self._transport = served, transport

    def _local(self, path: str) -> Path:
        return self._served.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        try:
            entries = []
            for name in os.listdir(self._local(path)):
                attributes = paramiko.SFTPAttributes.from_stat((self._local(path) / name).lstat())
                attributes.filename = name
                entries.append(attributes)
            self._served.while_listing()
            return entries
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if flags & (os.O_WRONLY | os.O_RDWR):
            return paramiko.SFTP_PERMISSION_DENIED
        return _File(self._local(path), self._served, self._transport)


@contextmanager
def sftp_server(root: Path) -> Iterator[SftpServer]:
    """A running server of the folder."""
    server = SftpServer(root)
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            server.connections += 1
            if server.drop_connections > 0:
                server.drop_connections -= 1
                caller.close()
                continue
            transport = paramiko.Transport(caller)
            server.transports.append(transport)
            transport.add_server_key(server.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, server, transport)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=_Login())

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server
    finally:
        listening.close()
        for transport in server.transports:
            transport.close()


@dataclass
class HttpServer:
    """Answers with what ``answer`` gives: a status and JSON, or the bytes of the body."""

    answer: Callable[[str, dict[str, str]], tuple[int, Any]] = lambda path, query: (404, {})
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def http_server() -> Iterator[HttpServer]:
    """A running server."""
    server = HttpServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            server.headers.append(dict(self.headers))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, body = server.answer(parts.path, query)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            with suppress(OSError):
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    server.url = f"http://127.0.0.1:{running.server_port}"
    threading.Thread(
        target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield server
    finally:
        running.shutdown()
        running.server_close()


def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
