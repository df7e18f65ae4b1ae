# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A small threading WSGI server on a loopback socket, for HTTP/1.1.

The one of the standard library closes the connection after each answer.
"""

from __future__ import annotations

import io
import logging
import socket
import sys
import threading

from collections.abc import Callable
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


LOG = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WSGIServer:
    """Serves an application from `start` to `stop`, with a thread each.

    :param app: a WSGI application
    """

    def __init__(self, app: Application) -> None:
        self._server = _Server(('127.0.0.1', 0), _Handler)
        self._server.app = app
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={'poll_interval': 0.05},
            name='embedded-http',
            daemon=True,
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f'http://{host!s}:{port}'

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and drop the connections that clients keep open."""
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    app: Application

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def drop_connections(self) -> None:
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The client was first.
                continue

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that went away is no error of the server.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    # Headers and body leave in one piece.
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        answer: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> None:
            answer.update(status=status, headers=headers)

        environ = self._environ()
        try:
            body = b''.join(self.server.app(environ, start_response))
        except Exception:
            LOG.exception('%s %s', self.command, self.path)
            answer = {'status': '500 Internal Server Error', 'headers': []}
            body = b''
        self._answer(answer['status'], answer['headers'], body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(
        self, status: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        code, _space, phrase = status.partition(' ')
        self.send_response(int(code), phrase)
        for name, value in headers:
            if name.lower() != 'content-length':
                self.send_header(name, value)
        if int(code) != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD' and int(code) != 204:
            self.wfile.write(body)

    def _environ(self) -> dict[str, Any]:
        path, _mark, query = self.path.partition('?')
        host, port = self.server.server_address[:2]
        length = int(self.headers.get('Content-Length') or 0)
        environ: dict[str, Any] = {
            'REQUEST_METHOD': self.command,
            'SCRIPT_NAME': '',
            'PATH_INFO': unquote(path, 'iso-8859-1'),
            'QUERY_STRING': query,
            'CONTENT_TYPE': self.headers.get('Content-Type', ''),
            'CONTENT_LENGTH': str(length),
            'SERVER_NAME': str(host),
            'SERVER_PORT': str(port),
            'SERVER_PROTOCOL': self.request_version,
            'REMOTE_ADDR': self.client_address[0],
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': 'http',
            'wsgi.input': io.BytesIO(self.rfile.read(length)),
            'wsgi.errors': sys.stderr,
            'wsgi.multithread': True,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace('-', '_')
            environ.setdefault(f'HTTP_{key}', value)
        return environ
