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

"""Import Watcher in its threading mode, and without noise.

oslo.service wants its backend chosen before anything of it is imported,
and what it and others say at import is of no use on a terminal.
"""

from __future__ import annotations

import importlib
import logging
import warnings


def _import_watcher() -> None:
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        # A filter would not do: Watcher sets its own.
        with warnings.catch_warnings(record=True):
            helper = importlib.import_module(
                'watcher.common.oslo_service_helper'
            )
            helper.init_oslo_service_backend()
            # The API's modules need all objects when they are imported.
            importlib.import_module('watcher.objects').register_all()
            for name in (
                'watcher.common.service',
                'watcher.api.app',
                'watcher.applier.service',
                'watcher.decision_engine.service',
            ):
                importlib.import_module(name)
    finally:
        logging.getLogger().removeHandler(handler)


_import_watcher()
