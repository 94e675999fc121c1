import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Serve = Callable[[Path], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a folder over HTTP on loopback; a file named *.cut is announced whole and sent in half."""
    with contextlib.ExitStack() as stack:

        class Handler(http.server.SimpleHTTPRequestHandler):
            folder = Path()

            def do_GET(self) -> None:
                path = self.folder / self.path.lstrip("/")
                if path.is_dir():
                    path = path / "index.html"
                cut = path.with_name(path.name + ".cut")
                content = (cut if cut.exists() else path).read_bytes() if path.exists() or cut.exists() else None
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write((content or b"")[: len(content or b"") // 2 if cut.exists() else None])

            def log_message(self, *_: object) -> None:
                pass

        def start(folder: Path) -> str:
            Handler.folder = folder
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            return f"http://127.0.0.1:{server.server_port}"

        yield start
