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

"""What makes a part of a cloud fail on purpose.

A switch is a file in the cloud's folder of switches; what reads it is in
:mod:`.hosted`. It takes effect at once and lasts until it is cleared.
"""

from __future__ import annotations

import json
import pathlib


class Switches:
    """The switches of one cloud.

    :param folder: see :attr:`.layout.Layout.switches`
    """

    def __init__(self, folder: pathlib.Path) -> None:
        """Keep the folder."""
        self._folder = folder

    def fail_migration(self, instance: str) -> None:
        """Make migrations of an instance fail on their source."""
        self._write(f'fail-{instance}', '')

    def slow_migration(self, instance: str, seconds: float) -> None:
        """Make migrations of an instance take so long."""
        self._write(f'slow-{instance}', str(seconds))

    def disturb_nova(
        self, method: str, path: str, status: int = 500, delay_s: float = 0.0
    ) -> None:
        """Make Nova's API answer some requests with an error, or late.

        :param path: a regular expression, sought in the request's path
        :param status: of the answer; 0 for the true answer
        :param delay_s: seconds before the answer
        """
        self._write(
            'nova-api',
            json.dumps(
                {
                    'method': method,
                    'path': path,
                    'status': status,
                    'delay_s': delay_s,
                }
            ),
        )

    def clear(self) -> None:
        """Let everything work again."""
        for path in self._folder.iterdir():
            path.unlink()

    def _write(self, name: str, text: str) -> None:
        # Whoever reads it never sees half of it.
        partial = self._folder / f'.{name}'
        partial.write_text(text)
        partial.rename(self._folder / name)
