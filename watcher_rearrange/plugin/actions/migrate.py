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

"""The action guarded_migrate."""

from __future__ import annotations

import datetime
import math
import time

from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher.applier.actions import migration
from watcher.common import exception
from watcher.common import nova_helper

from watcher_rearrange.plugin.actions import cold
from watcher_rearrange.plugin.actions import departed
from watcher_rearrange.plugin.actions import guard
from watcher_rearrange.plugin.actions import nova_state
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import schema as policy_schema


LOG = log.getLogger(__name__)
CONF = cfg.CONF

# How long Nova may take to give up the room on the source, once the
# instance has arrived.
SETTLE_S = 60.0
LONGEST_INTERVAL_S = 1.0
# Nova marks a migration completed just before it deletes the allocations
# of the source, so one look is not enough.
QUIET_LOOKS = 2

# How often a migration that waits looks whether its plan is cancelled.
SLICE_S = 2.0


class GuardedMigrate(guard.Guard, migration.Migrate):
    """Watcher's migration, guarded, and over when the source has its room.

    It says why a migration failed, in Nova's words where there are any. Two
    more parameters: ``if_unlocked`` skips it if the instance is locked, and
    ``not_within``, hours of a policy file, if it would begin in these.
    """

    @classmethod
    def get_name(cls) -> str:
        """Return the name, which is that of the entry point."""
        return 'guarded_migrate'

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters."""
        schema = super().schema
        own = {
            'if_unlocked': {'type': 'boolean'},
            'not_within': {
                'type': 'array',
                'items': {'type': 'string', 'pattern': policy_schema.HOURS},
            },
        }
        return {**schema, 'properties': {**schema['properties'], **own}}

    def pre_condition(self) -> None:
        """Check the guard, and what Nova would stumble over.

        An administrator's request moves a locked instance; one to or from
        a node that is down, or while Placement is away, may leave the
        instance in error.

        :raises ActionSkipped: if the instance was locked since the audit,
            or has its quiet hours
        :raises ActionExecutionFailure: if one of the nodes is down, or
            Placement does not answer, or Nova does not on server groups
        :raises ActionPlanCancelled: if it is while this waits
        """
        self._check()
        if self._waited_for_the_scheduler():
            self._check()

    def _check(self) -> None:
        super().pre_condition()
        self._require_not_quiet()
        with guard.explained(f'cannot check {self._label} and its nodes'):
            nova = nova_helper.NovaHelper()
            if self.input_parameters.get('if_unlocked'):
                self._require_unlocked(nova)
            down = nova_state.down(nova)
        for host in (self.source_node, self.destination_node):
            if host in down:
                raise exception.ActionExecutionFailure(
                    f'nova-compute of {host} is down'
                )
        self._require_placement()

    def execute(self) -> bool:
        """Migrate, and wait until Nova holds nothing on the source.

        :raises ActionExecutionFailure: with the reason
        """
        with guard.explained(f'cannot migrate {self._label}'):
            if super().execute() is not True:
                raise exception.ActionExecutionFailure(self._why_not())
            self._wait_until_settled()
            self._require_sound()
        return True

    def check_abort(self) -> bool:
        """Whether this can be aborted: a live migration, as in Watcher.

        Watcher's own goes by the name of the class.
        """
        return bool(self.migration_type == self.LIVE_MIGRATION)

    def get_description(self) -> str:
        """Return what the action does."""
        return (
            'Moves an instance from source_node to destination_node, after '
            'verifying that every action that this depends on has succeeded.'
        )

    @property
    def _label(self) -> str:
        name = self.input_parameters.get('resource_name')
        return str(name or self.instance_uuid)

    def _require_not_quiet(self) -> None:
        now = utcnow()
        for text in self.input_parameters.get('not_within', []):
            if hours.within([hours.parse(text)], now):
                raise exception.ActionSkipped(
                    f'{self._label} is not migrated within its quiet hours, '
                    f'{text} UTC'
                )

    def _require_unlocked(self, nova: nova_helper.NovaHelper) -> None:
        if nova.find_instance(self.instance_uuid).locked:
            raise exception.ActionSkipped(
                f'{self._label} was locked after the audit'
            )

    def _require_placement(self) -> None:
        try:
            placement.require_answer(self.instance_uuid)
        except api.Unreadable as error:
            raise exception.ActionExecutionFailure(str(error)) from error

    def _waited_for_the_scheduler(self) -> bool:
        """Wait until Nova knows that others of a server group have left."""
        with guard.explained(f'cannot check the groups of {self._label}'):
            wait_s = departed.wait_s(self.instance_uuid, self.destination_node)
        if not wait_s:
            return False
        LOG.info(
            '%s waits for %d s: Nova still sees members of its server group '
            'on %s that have left',
            self._label,
            wait_s,
            self.destination_node,
        )
        for _ in range(math.ceil(wait_s / SLICE_S)):
            guard.require_not_cancelled(self.input_parameters)
            time.sleep(SLICE_S)
        guard.require_not_cancelled(self.input_parameters)
        return True

    def _require_sound(self) -> None:
        """Find out an instance that did not survive its arrival.

        Nova changes its host even if the destination does not answer at
        the end of a live migration.
        """
        nova = nova_helper.NovaHelper()
        try:
            server = nova.find_instance(self.instance_uuid)
        except exception.ComputeResourceNotFound:
            return
        if server.status == 'ERROR':
            found = nova_state.fault(nova, self.instance_uuid)
            raise exception.ActionExecutionFailure(
                f'{self._label} is on {server.host} now, but in ERROR'
                + (f': {found}' if found else '')
            )

    def _live_migrate_instance(
        self, nova: nova_helper.NovaHelper, destination: str
    ) -> bool:
        # Watcher's hides what Nova says in a debug message.
        with guard.explained('live migration failed'):
            done: bool = nova.live_migrate_instance(
                instance_id=self.instance_uuid, dest_hostname=destination
            )
        return done

    def _cold_migrate_instance(
        self, nova: nova_helper.NovaHelper, destination: str
    ) -> bool:
        with guard.explained('cold migration failed'):
            done = cold.migrate(nova, self.instance_uuid, destination)
        return done

    def _why_not(self) -> str:
        nova = nova_helper.NovaHelper()
        try:
            server = nova.find_instance(self.instance_uuid)
        except exception.ComputeResourceNotFound:
            return f'{self._label} is gone'
        if nova_state.is_moving(server):
            return (
                f'{self._label} did not arrive in time; Nova still works on '
                f'it ({server.task_state or server.status})'
            )
        found = nova_state.fault(nova, self.instance_uuid)
        return (
            f'{self._label} did not move: {server.status} on {server.host}'
            + (f': {found}' if found else '')
        )

    def _wait_until_settled(self) -> None:
        nova = nova_helper.NovaHelper()
        interval_s = min(LONGEST_INTERVAL_S, CONF.nova.migration_interval)
        deadline = time.monotonic() + SETTLE_S
        quiet = 0
        while time.monotonic() < deadline:
            quiet = 0 if self._is_held(nova) else quiet + 1
            if quiet == QUIET_LOOKS:
                return
            time.sleep(interval_s)
        raise exception.ActionExecutionFailure(
            f'{self._label} has arrived, but after {SETTLE_S:.0f} s Nova '
            'still holds its room on the source'
        )

    def _is_held(self, nova: nova_helper.NovaHelper) -> bool:
        try:
            if nova_state.is_moving(nova.find_instance(self.instance_uuid)):
                return True
            return bool(nova.get_running_migration(self.instance_uuid))
        except exception.ComputeResourceNotFound:
            return False
        except Exception as error:
            # The instance has arrived; not to know more is no failure yet.
            LOG.warning('Cannot ask Nova for %s: %s', self._label, error)
            return True


def utcnow() -> datetime.datetime:
    """Return the time, with its time zone."""
    return datetime.datetime.now(datetime.timezone.utc)
