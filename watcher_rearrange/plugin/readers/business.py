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

"""What the policy files say, and what of their budgets is used."""

from __future__ import annotations

import datetime
import os

from typing import Any

from oslo_config import cfg
from oslo_log import log

from watcher_rearrange.planning import pipeline
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import records


LOG = log.getLogger(__name__)

DEFAULT_PATH = '/etc/watcher/rearrange/policies'

POLICY_PATH = cfg.StrOpt(
    'policy_path',
    default=DEFAULT_PATH,
    help='A policy file, or a folder of them, whose rules every plan '
    'respects. Nothing is read if it does not exist and is the default.',
)

OPTIONS = options.register(POLICY_PATH)

DAY = datetime.timedelta(days=1)

# In which a migration has moved an instance.
# Of migrations that are over; a resize that is finished is not.
MOVED = frozenset(('completed', 'confirmed', 'done'))


def known(path: str, inline: Any) -> pipeline.Business:
    """Return the rules of the files, and the migrations of the last day.

    Nova is asked for these only where a rule is about them.

    :param inline: the policy that the audit gives itself, as it is
    :raises BadInput: with every problem of the files
    :raises api.Unreadable: if Nova cannot be read
    """
    policy = records.Policy()
    if path != DEFAULT_PATH or _is_there(path):
        policy = reading.read_policy(path)
        LOG.info('Policy: %d rules in %s', len(policy.rules), path)
    now = datetime.datetime.now(datetime.timezone.utc)
    migrated: dict[str, int] = {}
    if _has_budget(policy, inline):
        migrated = nova.migrated(now - DAY, MOVED)
        LOG.info('Nova: %d migrations in a day', sum(migrated.values()))
    return pipeline.Business(policy, now, migrated)


def names_images(policy: records.Policy, inline: Any) -> bool:
    """Return whether a rule selects instances by their images.

    :param inline: the policy that the audit gives itself, as it is
    """
    return "'images'" in repr(inline) or any(
        rule.instances.images or rule.others.images for rule in policy.rules
    )


def _is_there(path: str) -> bool:
    """Whether there is something; what cannot be looked at is."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        pass
    return True


def _has_budget(policy: records.Policy, inline: Any) -> bool:
    if any(rule.kind == records.BUDGET for rule in policy.rules):
        return True
    # What is wrong with it is told where it is read.
    rules = inline.get('rules') if isinstance(inline, dict) else None
    return isinstance(rules, list) and any(
        isinstance(rule, dict) and rule.get('rule') == records.BUDGET
        for rule in rules
    )
