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

"""A cold migration that ends when Nova gives up."""

from __future__ import annotations

import time

from oslo_config import cfg
from watcher.common import nova_helper


CONF = cfg.CONF


def migrate(
    nova: nova_helper.NovaHelper, instance_uuid: str, destination: str
) -> bool:
    """Migrate an instance cold and confirm it.

    Watcher's own waits for the instance to be ready for the confirmation,
    or in error. Where Nova gives up, the instance is as it was before, and
    Watcher goes on waiting until its time is over: by default a quarter of
    an hour, for each instance.

    :returns: whether it has moved
    :raises ComputeResourceNotFound: if it is gone
    :raises NovaClientError: if Nova refuses
    """
    before = nova.find_instance(instance_uuid)
    nova._instance_migrate(instance_uuid, destination)
    after = _wait(nova, instance_uuid)
    if after.task_state or after.host == before.host:
        return False
    if after.status == 'VERIFY_RESIZE':
        return bool(nova.confirm_resize(after, before.status))
    # Nova may be configured to confirm by itself.
    return bool(after.status == before.status)


def _wait(
    nova: nova_helper.NovaHelper, instance_uuid: str
) -> nova_helper.Server:
    """Return the server when Nova has done with it, or time is up.

    Nova sets the task before it answers the request.
    """
    server = nova.find_instance(instance_uuid)
    for _ in range(CONF.nova.migration_max_retries):
        if not server.task_state:
            break
        time.sleep(CONF.nova.migration_interval)
        server = nova.find_instance(instance_uuid)
    return server
