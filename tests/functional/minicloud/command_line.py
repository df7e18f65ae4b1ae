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

"""What an operator types: ``openstack optimize`` with the cloud's openrc."""

from __future__ import annotations

import json
import subprocess

from collections.abc import Collection
from typing import Any

from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import watcher


Row = dict[str, Any]

LOOK_S = 1.0


class CommandError(Exception):
    """A command that failed, with what it wrote to standard error."""


class CommandLine:
    """See the module.

    :param layout: of the cloud
    """

    def __init__(self, layout: layouts.Layout) -> None:
        """Change nothing."""
        self._openrc = str(layout.etc / 'openrc')

    def run(self, *words: str) -> str:
        """Run ``openstack optimize WORDS`` and return its output.

        :raises CommandError: if its exit status is not 0
        """
        script = '. "$0" && exec openstack optimize "$@"'
        ended = subprocess.run(
            ['bash', '-c', script, self._openrc, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            raise CommandError(ended.stderr.strip())
        return ended.stdout

    def show(self, *words: str) -> Row:
        """Return the one thing that a command shows."""
        found: Row = json.loads(self.run(*words, '-f', 'json'))
        return found

    def list(self, *words: str) -> list[Row]:
        """Return the rows that a command lists."""
        found: list[Row] = json.loads(self.run(*words, '-f', 'json'))
        return found

    def wait(
        self,
        kind: str,
        uuid: str,
        states: Collection[str],
        seconds: float = 300.0,
    ) -> Row:
        """Look until something is in one of some states and return it.

        :param kind: ``audit`` or ``actionplan``
        :raises proc.CloudError: if it is not after so long
        """
        return proc.look_until(
            lambda: self.show(kind, 'show', uuid),
            lambda found: found['State'] in states,
            lambda found: f'{kind} {uuid}, which is still {found["State"]}',
            seconds,
            LOOK_S,
        )

    def audit(self, *words: str) -> Row:
        """Run a one-shot audit to its end; see ``audit create``."""
        audit = self.show('audit', 'create', *words)
        return self.wait('audit', audit['UUID'], watcher.AUDIT_ENDS)

    def plan(self, audit: str) -> Row:
        """Return the latest plan of an audit, with its indicators."""
        plans = self.list('actionplan', 'list', '--audit', audit)
        return self.show('actionplan', 'show', plans[-1]['UUID'])

    def actions(self, plan: str) -> list[Row]:
        """Return the actions of a plan, with their parameters."""
        return self.list('action', 'list', '--action-plan', plan, '--detail')

    def apply(self, plan: str) -> Row:
        """Start a plan and wait for its end."""
        self.run('actionplan', 'start', plan)
        return self.wait('actionplan', plan, watcher.PLAN_ENDS, 900.0)


def indicators(plan: Row) -> dict[str, float]:
    """Return the efficacy indicators of a plan by name."""
    return {row['name']: row['value'] for row in plan['Efficacy indicators']}
