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

"""What a terminal can show."""

from __future__ import annotations

import dataclasses
import os
import shutil

from typing import TextIO


MIN_WIDTH = 60

_BLOCKS = '▏▎▍▌▋▊▉█▁▂▃▄▅▆▇·→…'

# Select Graphic Rendition codes of ECMA-48, by how full something is.
_COLOURS = ((0.7, '32'), (0.9, '33'), (1.0, '31'), (float('inf'), '1;7;31'))


@dataclasses.dataclass(frozen=True)
class Terminal:
    """A terminal, or what stands in its place.

    :ivar width: columns
    :ivar height: lines
    :ivar blocks: whether it shows block characters
    :ivar colour: whether it shows colours
    """

    width: int = 80
    height: int = 24
    blocks: bool = False
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        """What a stream leads to; NO_COLOR is respected (no-color.org)."""
        size = shutil.get_terminal_size()
        return cls(
            width=max(MIN_WIDTH, size.columns),
            height=size.lines,
            blocks=_encodes(stream.encoding, _BLOCKS),
            colour=stream.isatty()
            and not os.environ.get('NO_COLOR')
            and os.environ.get('TERM') != 'dumb',
        )

    def paint(self, text: str, ratio: float) -> str:
        """Colour a text by how full something is."""
        if not self.colour or not text.strip():
            return text
        code = next(code for limit, code in _COLOURS if ratio <= limit)
        return f'\x1b[{code}m{text}\x1b[0m'


def printable(text: str) -> str:
    """A text without what could steer a terminal or break a line."""
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else '?' for c in text)


def _encodes(encoding: str | None, text: str) -> bool:
    try:
        text.encode(encoding or 'ascii')
    except (UnicodeEncodeError, LookupError):
        return False
    return True
