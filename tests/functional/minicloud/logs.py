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

"""What the services of a cloud wrote, for whoever looks for a reason."""

from __future__ import annotations

import pathlib
import re
import shutil
import sys


LINES = 15
# oslo.log's, without the lines of the traceback that follow with the same
# prefix, and Python's own.
BAD = re.compile(
    r'^\S+ \S+ \d+ (ERROR|CRITICAL) \S+ \[(?!instance:)'
    r'|^(Traceback|\w+(\.\w+)*Error\b)'
)


def show_errors(folder: pathlib.Path) -> None:
    """Print the last errors of every service, and of its setup the end."""
    for path in sorted((*folder.glob('*.log'), *folder.glob('*.out'))):
        lines = path.read_text(errors='replace').splitlines()
        if path.stem != 'setup':
            lines = [line for line in lines if BAD.search(line)]
        if lines:
            text = '\n'.join([f'\n--- {path.name}', *lines[-LINES:]])
            print(text, file=sys.stderr)


def copy(folder: pathlib.Path, target: pathlib.Path) -> None:
    """Copy all logs; there are none of a cloud that did not start."""
    if folder.is_dir():
        shutil.copytree(folder, target, dirs_exist_ok=True)
