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

"""The source of Watcher's cluster model."""

from __future__ import annotations

from typing import Any

from oslo_service.service import Singleton
from watcher.common import utils
from watcher.decision_engine.model.collector.nova import (
    NovaClusterDataModelCollector,
)

from tests.embedded.cloud import Cloud


#: Seconds between two collections that nobody asked for: never here.
_PERIOD_S = 86400


class FreshCollector(NovaClusterDataModelCollector):
    """Collects again whenever the cloud has changed.

    In a real cloud, Nova's notifications keep the model up to date.
    """

    cloud: Cloud
    seen_revision = -1

    def get_latest_cluster_data_model(self) -> Any:
        """Return a copy of the model of the present cloud."""
        with self.lock:
            revision = self.cloud.revision
            if revision != self.seen_revision:
                self._cluster_data_model = None
                self.seen_revision = revision
            return super().get_latest_cluster_data_model()


def install(cloud: Cloud | None) -> None:
    """Put the collector where Watcher finds its only instance.

    :param cloud: the one to follow; None: Watcher's own collector, which
        keeps its model until `forget_model`
    """
    config = utils.Struct(period=_PERIOD_S)
    if cloud is None:
        collector = NovaClusterDataModelCollector(config)
    else:
        collector = FreshCollector(config)
        collector.cloud = cloud
    Singleton._instances[NovaClusterDataModelCollector] = collector


def forget_model() -> None:
    """Let the next audit collect the model anew."""
    collector = Singleton._instances.get(NovaClusterDataModelCollector)
    if collector is not None:
        collector._cluster_data_model = None
