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

"""How a problem is worded: where it is, and the value that is refused."""

from __future__ import annotations

import re


_PLAIN_KEY = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_LONGEST_SHOWN = 60


def join(where: str, key: str) -> str:
    """The place of a key within an object: ``a.b``, or ``a['x-y']``."""
    if not _PLAIN_KEY.fullmatch(key):
        return f'{where}[{shown(key)}]'
    return f'{where}.{key}' if where else key


def shown(value: object) -> str:
    """A value as a problem names it: short, and safe to print."""
    if isinstance(value, dict):
        return 'an object'
    if isinstance(value, (list, tuple)):
        return 'a list'
    if value is None or isinstance(value, bool):
        return {None: 'null', True: 'true', False: 'false'}[value]
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_SHOWN:
        return 'an enormous number'
    text = repr(value)
    if len(text) > _LONGEST_SHOWN:
        return text[: _LONGEST_SHOWN - 4] + '...' + text[-1]
    return text
