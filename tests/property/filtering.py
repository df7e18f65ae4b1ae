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

"""Two judges of the same thing, compared."""

from __future__ import annotations

import unittest


class FilteringCase(unittest.TestCase):
    """Compares what a search accepts with what the checker finds."""

    def _compare(self, accepted: bool, found: list[str], what: str) -> None:
        """Fail where only one of them is content."""
        if accepted and found:
            self.fail(f'UNDER_FILTERING {what}: {found}')
        if not accepted and not found:
            self.fail(f'OVER_FILTERING {what}')
