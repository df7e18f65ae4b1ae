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

"""Watcher's API as a WSGI application."""

from __future__ import annotations

from typing import Any

from watcher.api import app
from watcher.api.controllers import v1


def application() -> Any:
    """Return the application; the configuration must have been read."""
    _forget_message_bus()
    return app.VersionSelectorApplication()


def _forget_message_bus() -> None:
    """Let the controllers find the present message bus.

    They are made when they are imported and keep the first one.
    """
    for controller in vars(v1.Controller).values():
        for client in getattr(controller, '__dict__', {}).values():
            if hasattr(client, '_conductor_client'):
                client._conductor_client = None
