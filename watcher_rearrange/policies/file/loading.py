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

"""YAML as it stands in a file; a key that stands twice is refused."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from watcher_rearrange.model import errors


class _Loader(yaml.SafeLoader):
    """A safe loader that notes the keys which stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def construct_mapping(
        self, node: Any, deep: bool = False
    ) -> dict[Hashable, Any]:
        seen = set()
        # What is merged (<<) may be said again: that is what it is for.
        for key_node, _value in getattr(node, 'value', ()):
            key = getattr(key_node, 'value', None)
            if isinstance(key, str) and key in seen:
                line = key_node.start_mark.line + 1
                self.repeated.append(f'line {line}: {key!r} stands twice')
            seen.add(key if isinstance(key, str) else None)
        return super().construct_mapping(node, deep)


def load(path: str) -> Any:
    """Read one YAML document.

    :raises BadInput: if it cannot be read, is not UTF-8 or not YAML, or has
        a key twice in one mapping
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise errors.BadInput([f'{path}: is not UTF-8: {error}']) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise errors.BadInput([f'{path}: cannot be read: {reason}']) from None
    return loads(text, path)


def loads(text: str, name: str) -> Any:
    """Read one YAML document from a string; see :func:`load`."""
    try:
        loader = _Loader(text)
        document = loader.get_single_data()
    except RecursionError:
        raise errors.BadInput([f'{name}: is nested too deeply']) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        words = ' '.join(str(error).split())
        raise errors.BadInput([f'{name}: is not YAML: {words}']) from None
    if loader.repeated:
        raise errors.BadInput([f'{name}: {one}' for one in loader.repeated])
    return document
