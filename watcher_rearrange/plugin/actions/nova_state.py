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

"""What Nova says now, for actions that have to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_log import log
from watcher.common import exception
from watcher.common import nova_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin import rendering


LOG = log.getLogger(__name__)

# While an instance is so, Nova holds its allocations on two hosts.
MOVING_STATUSES = ('MIGRATING', 'RESIZE', 'VERIFY_RESIZE', 'REVERT_RESIZE')
MOVING_TASKS = ('migrating', 'resize_')


def already_so(action_type: str, parameters: Mapping[str, Any]) -> bool:
    """Whether what an action was to bring about is so now.

    :param action_type: of Watcher, guarded or not; of a type that is not
        known here nothing can be said, so it is not
    :param parameters: the action's input parameters
    """
    kind = action_type.removeprefix(rendering.GUARDED)
    if kind == rendering.MIGRATE:
        return _is_moved(parameters)
    if kind == rendering.CHANGE_SERVICE:
        return _is_service(parameters)
    return False


def is_moving(server: nova_helper.Server) -> bool:
    """Whether a migration or a resize of a server is not over."""
    task = server.task_state or ''
    return server.status in MOVING_STATUSES or task.startswith(MOVING_TASKS)


def down(nova: nova_helper.NovaHelper) -> set[str]:
    """Return the hosts whose nova-compute does not report to Nova."""
    return {
        service.host
        for service in nova.get_service_list()
        if service.state == records.DOWN
    }


def _is_moved(parameters: Mapping[str, Any]) -> bool:
    """Whether the instance is at rest at its destination, or gone.

    One that is soft-deleted is not gone: it keeps its room.
    """
    nova = nova_helper.NovaHelper()
    try:
        server = nova.find_instance(parameters['resource_id'])
    except exception.ComputeResourceNotFound:
        return True
    if server.status == 'DELETED':
        return True
    at_destination = server.host == parameters.get('destination_node')
    return at_destination and not is_moving(server)


def _is_service(parameters: Mapping[str, Any]) -> bool:
    services = nova_helper.NovaHelper().get_service_list()
    return any(
        service.host == parameters.get('resource_name')
        and service.status == parameters.get('state')
        for service in services
    )


def fault(nova: nova_helper.NovaHelper, instance_uuid: str) -> str:
    """Return what Nova noted about the failure of its last action.

    An asynchronous failure is only found there. Empty where Nova noted
    nothing, or cannot be asked: this only adds to a message.
    """
    try:
        compute = nova.connection.compute
        latest = next(iter(compute.server_actions(instance_uuid)), None)
        if latest is None or not latest.message:
            return ''
        action = compute.get_server_action(latest.request_id, instance_uuid)
        details = [e.details for e in action.events or () if e.details]
        return str(details[0] if details else latest.message)
    except Exception as error:
        LOG.debug('No fault of %s to be had: %s', instance_uuid, error)
        return ''


def sentence(error: exception.WatcherException) -> str:
    """Return what an error says, in Nova's own words where it has them.

    Watcher turns an error of the client into one of its own, whose text
    begins with the address of the request.
    """
    if isinstance(error, exception.NovaClientError):
        details = getattr(error.__context__, 'details', None)
        return str(details or error)
    return str(error)
