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

"""Facts that are missed, and whether plans are made all the same."""

from __future__ import annotations

from oslo_config import cfg
from oslo_log import log

from watcher_rearrange.plugin import messages
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import api


LOG = log.getLogger(__name__)

OPTIONS = options.register(
    cfg.BoolOpt(
        'require_neutron',
        default=True,
        help='Make no plan where the ports of all projects, and what they '
        'are promised, cannot be read. If disabled, plans are made all the '
        'same and say what is not known: Nova may refuse the migrations of '
        'instances that have a port of SR-IOV, or one with guaranteed '
        'bandwidth.',
    ),
    cfg.BoolOpt(
        'require_glance',
        default=True,
        help='Make no plan where the images of instances cannot be read. If '
        'disabled, plans are made all the same and say what is not known: '
        'Nova may refuse migrations because of what an image asks for. Who '
        'would be migrated cold stays, unless Nova says what its image asks '
        'for. Rules of a policy that are about images need Glance in any '
        'case.',
    ),
)
NEUTRON, GLANCE = (option.name for option in OPTIONS)

# Of what a service says, in a message that has to fit into a column.
LENGTH = 150

MISSED = {
    NEUTRON: 'ports are not fully known, Nova may refuse migrations',
    GLANCE: 'images are not fully known, Nova may refuse migrations',
}


class Missed:
    """What one audit goes without.

    :ivar messages: each said once, for the log and the plan
    """

    def __init__(self) -> None:
        self.messages: list[str] = []

    def accept(self, name: str, error: api.Unreadable) -> None:
        """Go without something, if the operator lets that be.

        :param name: the option that decides
        :raises api.Unreadable: if not; it names the option
        """
        if options.value(name):
            # However much the service says, there is room for the option.
            said = messages.shorten(str(error), LENGTH)
            if said != str(error):
                LOG.warning(error)
            raise api.Unreadable(
                f'{said}; to plan without it: [{options.GROUP}] {name} = false'
            ) from error
        message = f'{MISSED[name]}: {error}'
        if message not in self.messages:
            LOG.warning(message)
            self.messages.append(message)
