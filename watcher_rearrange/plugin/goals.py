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

"""The goals: what an operator can ask for."""

from __future__ import annotations

from watcher.decision_engine.goal import base

from watcher_rearrange.plugin.efficacy import consolidation
from watcher_rearrange.plugin.efficacy import evacuation
from watcher_rearrange.plugin.efficacy import figures
from watcher_rearrange.plugin.efficacy import rearrangement
from watcher_rearrange.plugin.efficacy import rebalancing


class CloudGoal(base.Goal):
    """A goal given by its name, its display name and its efficacy.

    Names and descriptions are plain strings: Watcher compares them with
    what its database holds, and a translated string would differ there.
    """

    NAME = ''
    DISPLAY_NAME = ''
    EFFICACY: type[figures.PlanEfficacy] = figures.PlanEfficacy

    @classmethod
    def get_name(cls) -> str:
        """Return the name, which is that of the entry point."""
        return cls.NAME

    @classmethod
    def get_display_name(cls) -> str:
        """Return the name that is shown."""
        return cls.DISPLAY_NAME

    @classmethod
    def get_translatable_display_name(cls) -> str:
        """Return the name that is stored and shown."""
        return cls.DISPLAY_NAME

    @classmethod
    def get_efficacy_specification(cls) -> figures.PlanEfficacy:
        """Return what strategies of this goal have to report."""
        return cls.EFFICACY()


class CloudRebalancing(CloudGoal):
    """Use the compute nodes evenly in every resource."""

    NAME = 'cloud_rebalancing'
    DISPLAY_NAME = 'Cloud Rebalancing'
    EFFICACY = rebalancing.RebalancingEfficacy


class CloudConsolidation(CloudGoal):
    """Do with as few compute nodes as possible."""

    NAME = 'cloud_consolidation'
    DISPLAY_NAME = 'Cloud Consolidation'
    EFFICACY = consolidation.ConsolidationEfficacy


class CloudEvacuation(CloudGoal):
    """Empty the compute nodes that the audit names."""

    NAME = 'cloud_evacuation'
    DISPLAY_NAME = 'Cloud Evacuation'
    EFFICACY = evacuation.EvacuationEfficacy


class CloudRearrangement(CloudGoal):
    """Bring the instances where a policy wants them."""

    NAME = 'cloud_rearrangement'
    DISPLAY_NAME = 'Cloud Rearrangement'
    EFFICACY = rearrangement.RearrangementEfficacy
