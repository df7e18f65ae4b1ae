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

"""Two places in which libraries only lose time; nothing else changes."""

from __future__ import annotations

import contextlib
import functools

from collections.abc import Iterator
from typing import Any

from futurist import _thread
from openstack import resource


@contextlib.contextmanager
def quick_sdk() -> Iterator[None]:
    """Let openstacksdk remember which attributes its classes have.

    It looks them up again for each attribute of each server: 600 servers
    take six seconds, or two with this. Nothing else changes.
    """
    original = vars(resource.Resource).get('_attributes_iterator')
    if original is None:
        yield
        return
    default = original.__func__.__defaults__[0]

    @functools.cache
    def remembered(cls: type, components: Any) -> tuple[Any, ...]:
        return tuple(original.__func__(cls, components))

    def attributes(cls: type, components: Any = default) -> Iterator[Any]:
        return iter(remembered(cls, components))

    resource.Resource._attributes_iterator = classmethod(attributes)
    try:
        yield
    finally:
        resource.Resource._attributes_iterator = original


@contextlib.contextmanager
def quick_workers() -> Iterator[None]:
    """Let idle workers of futurist look more often whether they shall end.

    They do so once a second, and whoever stops a pool waits for it: the
    applier at the end of each plan, and the control plane.
    """
    worker: Any = _thread.ThreadWorker
    original = worker.MAX_IDLE_FOR
    worker.MAX_IDLE_FOR = 0.2
    try:
        yield
    finally:
        worker.MAX_IDLE_FOR = original
