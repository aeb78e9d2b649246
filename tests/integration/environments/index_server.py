"""A package index of this machine for tests: it serves a folder of packages, counts, and misbehaves on request."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class LocalIndex:
    """The steering of a running index; `url` is what installers are given."""

    def __init__(self, folder: Path, *, url: str) -> None:
        self.folder = folder
        self.url = url
        self.requests: list[str] = []  #: the path of every request, in order
        self.status = 200  #: what every request is answered with
        self.hangs = False  #: whether requests are taken and never answered
        self.drips = False  #: whether an answer comes byte by byte and never ends
        self.yanked: dict[str, str] = {}  #: why a file was taken back, by its name
        self.hashes: dict[str, str] = {}  #: SHA-256 that is told of a file, by its name, where it is not its own
        self.ended = threading.Event()

    def pages_asked_for(self) -> list[str]:
        """Return the packages whose pages were asked for, once for each request."""
        return [found[1] for path in self.requests if (found := re.fullmatch(r"/simple/([^/]+)/", path))]

    def page(self, name: str) -> bytes | None:
        """Return the page of one package, None when it has no file."""
        files = [path for path in sorted(self.folder.iterdir()) if _package_of(path) == name]
        links = (
            f'<a href="/files/{path.name}#sha256={self.hashes.get(path.name) or _digest(path)}"'
            f"{self._yanked(path.name)}>{path.name}</a><br>"
            for path in files
        )
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode() if files else None

    def _yanked(self, name: str) -> str:
        return f' data-yanked="{self.yanked[name]}"' if name in self.yanked else ""


@contextmanager
def local_index(folder: Path, *, certificate: Path | None = None) -> Iterator[LocalIndex]:
    """Serve a folder of packages until the block ends, by TLS with a `certificate` that has its key beside it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    index = LocalIndex(folder, url=f"{scheme}://127.0.0.1:{server.server_port}/simple")
    server.index = index  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def index(self) -> LocalIndex:
        return self.server.index  # type: ignore[attr-defined, no-any-return]

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.index.requests.append(path)
        if self.index.hangs:
            self.index.ended.wait()
            return
        body, kind = self._content(path)
        status = self.index.status if self.index.status != 200 else (404 if body is None else 200)
        body = body if status == 200 and body is not None else b""
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(1_000_000_000 if self.index.drips else len(body)))
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            while self.index.drips and not self.index.ended.wait(0.1):
                self.wfile.write(b" ")
                self.wfile.flush()
            if with_body:
                self.wfile.write(body)
        except OSError:
            # The installer went away.
            self.close_connection = True

    def _content(self, path: str) -> tuple[bytes | None, str]:
        if page := re.fullmatch(r"/simple/([^/]+)/", path):
            return self.index.page(page[1]), "text/html"
        file = self.index.folder / path.rpartition("/")[2]
        return (file.read_bytes() if file.is_file() else None), "application/octet-stream"


def _package_of(path: Path) -> str:
    return re.sub(r"[-_.]+", "-", path.name.partition("-")[0]).lower()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
