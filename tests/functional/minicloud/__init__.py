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

"""A real OpenStack control plane on one machine, to judge plans by.

Keystone, Placement, Glance, Nova with fake hypervisors of chosen sizes, and
Watcher with this package installed; all of it on the loopback interface and
in one folder. ``./minicloud up`` starts one by hand.
"""

from __future__ import annotations

import importlib.util
import os
import unittest


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """Find tests only where there is what they need.

    The environment of all other tests has neither a cloud nor a browser.
    """
    if importlib.util.find_spec('selenium') is not None:
        folder = os.path.dirname(__file__)
        tests.addTests(loader.discover(folder, pattern or 'test*.py'))
    return tests
