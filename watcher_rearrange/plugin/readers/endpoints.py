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

"""Where services are that Watcher itself has no options for."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg
from watcher.common import nova_helper


CONF = cfg.CONF


def register(group: str) -> list[cfg.Opt]:
    """Register the options of a service; openstacksdk looks for them there.

    :param group: the name of its project
    """
    options = loading.get_adapter_conf_options(include_deprecated=False)
    CONF.register_opts(options, group=group)
    return list(options)


def connect(group: str) -> Any:
    """Return a new connection of openstacksdk.

    One region and kind of endpoint is that of all, unless it is said.
    """
    for name in ('region_name', 'valid_interfaces'):
        CONF.set_default(name, CONF.nova[name], group=group)
    return nova_helper.NovaHelper().connection
