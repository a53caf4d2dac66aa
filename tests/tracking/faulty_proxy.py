"""A server between MLflow's client and a real MLflow server that misbehaves on request."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

HEADERS = ("content-type", "host", "accept")


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on to `upstream`, or behaves as `mode` says.

    mode: `pass`; `closed`, hang up at once; `error`, answer 500; `silent`, never answer; `lost`, let the request have
        its effect and never answer; `slow`, answer after `delay` seconds
    requests: how many came in each mode
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urlsplit(upstream).netloc
        self.mode = "pass"
        self.delay = 0.0
        self.requests: dict[str, int] = {}
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Proxy

    def handle_any(self) -> None:
        mode = self.server.mode
        self.server.requests[mode] = self.server.requests.get(mode, 0) + 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match mode:
            case "closed":
                self.close_connection = True
            case "error":
                self.send_error(500)
            case "silent":
                self.server.closing.wait()
            case "lost":
                self._forward(body)
                self.server.closing.wait()
            case _:
                self.server.closing.wait(self.server.delay if mode == "slow" else 0.0)
                self._answer(*self._forward(body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() in HEADERS}
        connection.request(self.command, self.path, body, headers)
        with contextlib.closing(connection), connection.getresponse() as answer:
            return answer.status, answer.getheader("Content-Type", ""), answer.read()

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextlib.contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A running proxy of a server."""
    with Proxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield proxy
        proxy.closing.set()
        proxy.shutdown()
        thread.join()
