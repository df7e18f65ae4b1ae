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

"""Watcher's services in this process: how they start, and stop for good.

Watcher leaves its threads, its singletons and its in-memory bus to the end
of the process; here the next control plane must find none of them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time

from collections.abc import Iterator
from typing import Any

from apscheduler.schedulers import SchedulerAlreadyRunningError
from oslo_messaging._drivers import impl_fake
from oslo_service.service import Singleton
from watcher import objects
from watcher.applier import service as applier_service
from watcher.applier import sync as applier_sync
from watcher.common import context
from watcher.common import executor
from watcher.common import scheduling
from watcher.decision_engine import service as decision_engine_service
from watcher.decision_engine import sync as decision_engine_sync
from watcher.decision_engine import threading as decision_engine_threading


LOG = logging.getLogger(__name__)

#: Seconds that a stop waits for what is still running.
_PATIENCE_S = 60


@contextlib.contextmanager
def fresh_singletons() -> Iterator[None]:
    """Start and end without anything of another control plane."""
    Singleton._instances.clear()
    # A pool that was shut down takes no more jobs.
    scheduling.executors['default'] = executor.APSchedulerThreadPoolExecutor()
    try:
        yield
    finally:
        impl_fake.FakeExchangeManager.cleanup()
        Singleton._instances.clear()


@contextlib.contextmanager
def services() -> Iterator[None]:
    """Run the decision engine and the applier as their commands do."""
    decision_engine_sync.Syncer().sync()
    # The decision engine is last: continuous audits belong to the service
    # that was.
    applier = applier_service.ApplierService()
    engine = decision_engine_service.DecisionEngineService()
    applier_sync.Syncer().sync()
    applier.start()
    _start_engine(engine)
    try:
        yield
    finally:
        _cancel_action_plans()
        _stop(applier, engine)


def _start_engine(engine: Any) -> None:
    # Made here, lest two threads that start together each make one; the
    # loser would run, forgotten, beside the other.
    scheduler = engine.continuous_handler.scheduler
    try:
        engine.start()
    except SchedulerAlreadyRunningError:
        # The first look for continuous audits was quicker and started it.
        LOG.info('%s was started already', scheduler)
        engine.service_monitor.start()


def _cancel_action_plans() -> None:
    """Cancel, as the API does, what would go on without a cloud."""
    states = objects.action_plan.State
    admin = context.make_context(is_admin=True)
    for before, after in (
        (states.PENDING, states.CANCELLED),
        (states.ONGOING, states.CANCELLING),
    ):
        plans = objects.ActionPlan.list(
            admin, filters={'state': before}, eager=True
        )
        for plan in plans:
            plan.state = after
            plan.save()


def _stop(applier: Any, engine: Any) -> None:
    # Idle workers look only once a second whether they shall end: let all
    # of them know before waiting for the first.
    for pool in _pools(applier, engine):
        pool.shutdown(wait=False)
    # One of the jobs would start the handler's scheduler again, another
    # needs its lock: first wait for them.
    handler = engine.continuous_handler
    handler.period_scheduler.shutdown()
    handler.scheduler.shutdown()
    for service in (applier, engine):
        service.stop()
        for listener in (
            service.conductor_topic_handler,
            service.notification_handler,
        ):
            if listener is not None:
                listener.wait()


def _pools(*running: Any) -> Iterator[Any]:
    for service in running:
        for endpoint in service.conductor_endpoints:
            if hasattr(endpoint, 'executor'):
                yield endpoint.executor
    yield scheduling.executors['default'].executor
    yield decision_engine_threading.DecisionEngineThreadPool()._threadpool


@contextlib.contextmanager
def no_thread_left() -> Iterator[None]:
    """Wait at the end for the threads that started meanwhile."""
    before = set(threading.enumerate())
    try:
        yield
    finally:
        end_s = time.monotonic() + _PATIENCE_S
        for thread in set(threading.enumerate()) - before:
            thread.join(max(0.0, end_s - time.monotonic()))
            if thread.is_alive():
                LOG.warning('%s is still running', thread)
