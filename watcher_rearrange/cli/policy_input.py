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

"""Policy files on the command line."""

from __future__ import annotations

from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


def load(
    path: str, snapshot: model.Snapshot
) -> tuple[dict[str, Any], records.Policy]:
    """Read a policy file or folder for a cluster.

    :returns: the document, and the records made of it
    :raises BadInput: with every problem, also of the cluster's aggregates
    """
    document = reading.read_document(path)
    policy = reading.policy_from_document(document)
    selector = selection.Selector(snapshot)
    problems = []
    for rule in policy.rules:
        try:
            selector.parts(rule.over)
        except errors.BadInput as error:
            problems += [
                f'{path}: rule {rule.name!r}: {problem}'
                for problem in error.problems
            ]
    if problems:
        raise errors.BadInput(problems)
    return document, policy
