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

"""A real Watcher over an embedded cloud, in one process."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings

from collections.abc import Iterator
from pathlib import Path

from tests.embedded.api import CloudApi
from tests.embedded.client import Client
from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import api
from tests.embedded.control_plane import collector
from tests.embedded.control_plane import configuration
from tests.embedded.control_plane import database
from tests.embedded.control_plane import services
from tests.embedded.control_plane import speed
from tests.embedded.wsgi import WSGIServer


class ControlPlane:
    """Watcher's API, decision engine and applier, from enter to exit.

    Nothing is mocked: the goals and strategies come from the installed
    entry points, the audits go through the API, a database and a message
    bus, and Nova and Placement are asked over HTTP.

    :param cloud: what Watcher manages
    :param max_workers: the number of actions that the applier runs at once
    :param options: more configuration, by section
    :param follow: collect the cluster model again whenever the cloud has
        changed; False: only after `refresh_model`
    :param log_path: the log; without it, it goes with the working folder
    """

    def __init__(
        self,
        cloud: Cloud,
        max_workers: int = 4,
        options: configuration.Options | None = None,
        follow: bool = True,
        log_path: Path | None = None,
    ) -> None:
        self.cloud = cloud
        self.log_path = log_path
        #: The URL of Watcher's API.
        self.url = ''
        #: The URL under which /compute and /placement are.
        self.cloud_url = ''
        self._max_workers = max_workers
        self._options = options or {}
        self._follow = follow
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> ControlPlane:
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        # What waits for a hanging API could not stop.
        self.cloud.break_api()
        self._stack.close()

    def client(self) -> Client:
        """Return a client of Watcher's API, for an administrator."""
        return Client(self.url)

    def refresh_model(self) -> None:
        """Let the next audit collect the cluster model anew."""
        collector.forget_model()

    def _start(self, stack: contextlib.ExitStack) -> None:
        enter = stack.enter_context
        folder = Path(enter(tempfile.TemporaryDirectory(prefix='rearrange-')))
        if self.log_path is None:
            self.log_path = folder / 'watcher.log'
        enter(_logging_to(self.log_path))
        enter(speed.quick_sdk())
        enter(speed.quick_workers())
        enter(services.no_thread_left())
        self.cloud_url = enter(_serving(WSGIServer(CloudApi(self.cloud))))
        db_path = folder / 'watcher.sqlite'
        defaults = configuration.default_options(
            database.url_of(db_path), self.cloud_url, self._max_workers
        )
        enter(services.fresh_singletons())
        enter(configuration.configured(folder, defaults, self._options))
        enter(database.database(db_path))
        collector.install(self.cloud if self._follow else None)
        enter(services.services())
        self.url = enter(_serving(WSGIServer(api.application())))


@contextlib.contextmanager
def _serving(server: WSGIServer) -> Iterator[str]:
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@contextlib.contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Log to a file, warnings of the interpreter too."""
    handler = logging.FileHandler(path)
    handler.setFormatter(
        logging.Formatter(
            '%(asctime)s %(levelname)s %(threadName)s %(name)s %(message)s'
        )
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            logging.captureWarnings(True)
            yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
