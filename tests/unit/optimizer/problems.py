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

"""Problems for the tests of the searches."""

from __future__ import annotations

import time

from typing import Any

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.optimizer.problem import Problem


def problem(rules: Rules, **more: Any) -> Problem:
    """Everything permitted that the rules permit, for a minute."""
    cluster = rules.cluster
    settings: dict[str, Any] = {
        'limit': cluster.capacity,
        'open_nodes': cluster.receives,
        'frozen': np.zeros(cluster.n_instances, dtype=np.bool_),
        'max_migrations': None,
        'deadline': time.monotonic() + 60,
    }
    return Problem(rules=rules, **{**settings, **more})
