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

"""The action guarded_change_nova_service_state."""

from __future__ import annotations

from watcher.applier.actions import change_nova_service_state
from watcher.common import exception
from watcher.common import nova_helper
from watcher.decision_engine.model import element

from watcher_rearrange.plugin.actions import guard


class GuardedChangeNovaServiceState(
    guard.Guard, change_nova_service_state.ChangeNovaServiceState
):
    """Watcher's change of a nova-compute service, guarded."""

    @classmethod
    def get_name(cls) -> str:
        """Return the name, which is that of the entry point."""
        return 'guarded_change_nova_service_state'

    def pre_condition(self) -> None:
        """Check the guard, and that a node that was emptied is empty.

        :raises ActionSkipped: if somebody has booted an instance there
        """
        super().pre_condition()
        freed = self.input_parameters.get('depends_on')
        if not freed or self.state != element.ServiceState.DISABLED.value:
            return
        with guard.explained(f'cannot list the instances on {self.host}'):
            nova = nova_helper.NovaHelper()
            count = len(nova.get_instance_list(filters={'host': self.host}))
        if count:
            raise exception.ActionSkipped(
                f'{self.host} is not empty: it has {count} instances'
            )

    def execute(self) -> bool:
        """Change the service.

        :raises ActionExecutionFailure: with Nova's reason
        """
        with guard.explained(f'cannot change nova-compute of {self.host}'):
            done: bool = super().execute()
        return done

    def get_description(self) -> str:
        """Return what the action does."""
        return (
            'Disables or enables a nova-compute service, after verifying '
            'that every action that this depends on has succeeded.'
        )
