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

"""Makes a scenario with rules true in a real cloud."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable

from benchmarks import real_cloud_ruled as ruled
from benchmarks import real_cloud_stage
from tests.functional.minicloud import session as sessions
from tests.functional.minicloud import tenant


class Stage(real_cloud_stage.Stage):
    """Restricts, boots, and takes from some nodes what instances need.

    :param session: of the cloud
    """

    def __init__(
        self, session: sessions.Session, scenario: ruled.RuledScenario
    ) -> None:
        """Do nothing yet."""
        super().__init__(session, scenario)
        self._rules = scenario.rules
        self._restrictions = session.restrictions
        self._groups: dict[str, str] = {}

    def prepare(self) -> real_cloud_stage.Prepared:
        """Make it true.

        :raises proc.CloudError: if the cloud does not do as it should
        """
        rules = self._rules
        self._make(rules.aggregates)
        for trait, hosts in rules.traits.items():
            self._restrictions.set_trait(trait, hosts)
        self._groups = {
            group.name: self._restrictions.group(
                group.name, group.policy, group.most
            )
            for group in rules.groups
        }
        prepared = super().prepare()
        for name, host in rules.leaving.items():
            self._restrictions.leave(name, host)
        for trait, hosts in rules.fading.items():
            self._restrictions.set_trait(trait, hosts)
        self._make(rules.late)
        return prepared

    def _make(self, aggregates: Iterable[ruled.Aggregate]) -> None:
        for made in aggregates:
            self._restrictions.aggregate(made.name, made.hosts, made.metadata)

    def _boot(self, wishes: Iterable[tenant.Wish]) -> None:
        super()._boot(
            dataclasses.replace(wish, group=self._groups[wish.group])
            if wish.group
            else wish
            for wish in wishes
        )
