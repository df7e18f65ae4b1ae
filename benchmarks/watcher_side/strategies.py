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

"""Watcher's own strategies as methods to compare."""

from __future__ import annotations

import copy
import random
import signal
import time
import types

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from watcher.common import utils
from watcher.decision_engine.strategy import strategies

from benchmarks.method import CONSOLIDATE
from benchmarks.method import REBALANCE
from benchmarks.method import Method
from benchmarks.method import Planned
from benchmarks.watcher_side import model
from benchmarks.watcher_side import plans
from watcher_rearrange.model import records


class TimedOut(BaseException):
    """Not an Exception, which Watcher's code may catch."""


def methods(threshold_pct: float) -> list[Method]:
    """Return the strategies, each with the parameters that do it justice.

    :param threshold_pct: the spread at which rebalancing stops
    """
    metrics = ['instance_cpu_usage', 'instance_ram_usage']
    balancing = {
        'metrics': metrics,
        'thresholds': dict.fromkeys(metrics, threshold_pct / 100),
    }
    return [
        _method(
            'vm_workload_consolidation',
            CONSOLIDATE,
            strategies.VMWorkloadConsolidation,
            {},
        ),
        _method(
            'node_resource_consolidation',
            CONSOLIDATE,
            strategies.NodeResourceConsolidation,
            {'host_choice': 'specify'},
        ),
        *(
            _method(
                f'workload_stabilization ({choice})',
                REBALANCE,
                strategies.WorkloadStabilization,
                {**balancing, 'host_choice': choice},
            )
            for choice in ('retry', 'fullsearch')
        ),
    ]


def _method(name: str, goal: str, kind: Any, given: dict[str, Any]) -> Method:
    def plan(snapshot: records.Snapshot, seed: int, limit_s: float) -> Planned:
        strategy = _strategy(kind, given, snapshot)
        random.seed(seed)
        failure, timed_out = '', False
        began = time.process_time()
        try:
            with _at_most(limit_s):
                strategy.pre_execute()
                strategy.do_execute()
        except TimedOut:
            failure, timed_out = f'over {limit_s:g} s', True
        except Exception as error:
            # An audit of Watcher would be FAILED.
            failure = type(error).__name__
        seconds = time.process_time() - began
        if failure:
            return Planned([], seconds, failure=failure, timed_out=timed_out)
        return Planned(plans.steps(strategy), seconds)

    return Method(name, goal, plan)


def _strategy(
    kind: Any, given: dict[str, Any], snapshot: records.Snapshot
) -> Any:
    """Return a strategy that is ready to run on a cluster."""
    config = types.SimpleNamespace(
        datasources=None, check_optimize_metadata=False
    )
    strategy = kind(config)
    defaults = {
        name: spec['default']
        for name, spec in kind.get_schema()['properties'].items()
    }
    strategy.input_parameters = utils.Struct()
    strategy.input_parameters.update(copy.deepcopy({**defaults, **given}))
    # What the properties compute_model and datasource_backend return.
    strategy._compute_model = model.build(snapshot)
    strategy._datasource_backend = model.Measurements(snapshot)
    return strategy


@contextmanager
def _at_most(limit_s: float) -> Iterator[None]:
    """Raise TimedOut in the main thread after so many seconds."""

    def stop(*_: Any) -> None:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
