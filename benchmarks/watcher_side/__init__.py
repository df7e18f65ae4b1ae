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

"""Watcher's strategies and planners, outside of its services.

Watcher wants its threading backend chosen before its other modules are
imported, so that this comes first whichever module here is asked for.
"""

from __future__ import annotations

import logging


# What Watcher imports warns of itself while it is imported, whatever the
# filters say, and Watcher says which backend it has.
logging.captureWarnings(True)
logging.getLogger('py.warnings').setLevel(logging.CRITICAL)
logging.getLogger('watcher').setLevel(logging.CRITICAL)

from watcher.common import oslo_service_helper  # noqa: E402


oslo_service_helper.init_oslo_service_backend()
