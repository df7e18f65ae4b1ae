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

"""Sizes of flavors, which only Nova knows."""

from __future__ import annotations

import dataclasses
import math

from collections.abc import Mapping
from typing import Any

from oslo_log import log
from watcher.common import nova_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)


def add(
    reading: watcher_model.Reading, wanted: Mapping[str, Any]
) -> watcher_model.Reading:
    """Add to a snapshot the flavors whose size the audit does not give.

    Those that Nova does not know are refused when the plan is made, and so
    are all if it does not answer.

    :param wanted: by name, a count or an object with the size
    """
    if all(has_size(wish) for wish in wanted.values()):
        return reading
    try:
        known = nova_helper.NovaHelper().get_flavor_list()
    except Exception as error:
        # The client raises errors of its own, of Keystone and of requests.
        LOG.warning('Flavors cannot be read: %s', error)
        return reading.saying(f'no flavors are known: {error}')
    flavors = tuple(
        _flavor(flavor) for flavor in known if flavor.flavor_name in wanted
    )
    return dataclasses.replace(
        reading,
        snapshot=dataclasses.replace(reading.snapshot, flavors=flavors),
    )


def has_size(wish: Any) -> bool:
    """Return whether what an audit says of a flavor has its size."""
    # Resource classes are upper case, what else there is is not.
    return isinstance(wish, Mapping) and any(
        name.isupper() and amount for name, amount in wish.items()
    )


def _flavor(flavor: Any) -> records.Flavor:
    """A flavor with what Placement has of an instance."""
    # Swap is in MiB; the model counts local disk in whole GiB.
    disk_gb = flavor.disk + flavor.ephemeral + math.ceil(flavor.swap / 1024)
    amounts = {
        'VCPU': flavor.vcpus,
        'MEMORY_MB': flavor.ram,
        'DISK_GB': disk_gb,
    }
    traits = requirements.traits(flavor.extra_specs or {}, {}, ())
    return records.Flavor(
        flavor.flavor_name,
        {rc: int(n) for rc, n in amounts.items() if n},
        traits.required,
        traits.forbidden,
    )
