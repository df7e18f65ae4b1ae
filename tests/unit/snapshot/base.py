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

"""What the tests of the readers have in common."""

from __future__ import annotations

import unittest

from typing import Any

from watcher_rearrange.model import errors


class ReaderTestCase(unittest.TestCase):
    """Tells what a reader refuses."""

    def problems(self, call: Any, *args: Any, **kwargs: Any) -> list[str]:
        """The problems that a call raises."""
        with self.assertRaises(errors.BadInput) as caught:
            call(*args, **kwargs)
        return list(caught.exception.problems)
