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

"""The exit statuses."""

from __future__ import annotations

from watcher_rearrange.model import plan


DONE = 0
VIOLATIONS = 1
BAD_INPUT = 2
INFEASIBLE = 3
TIME_LIMIT = 4
# EX_SOFTWARE of sysexits.h.
UNEXPECTED = 70
# As a shell reports the signals of these numbers.
INTERRUPTED = 128 + 2
BROKEN_PIPE = 128 + 13


def of_plan(result: plan.Plan) -> int:
    """The exit status of a command that plans."""
    return {
        plan.Status.INFEASIBLE: INFEASIBLE,
        plan.Status.TIME_LIMIT: TIME_LIMIT,
    }.get(result.status, DONE)
