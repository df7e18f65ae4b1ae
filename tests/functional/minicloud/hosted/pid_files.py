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

"""Files that say which process has a name, for those who start and end it.

A number is given again, and the clock may be set: only the number, the start
in clock ticks since the machine's and the boot together tell a process.
"""

from __future__ import annotations

import pathlib


BOOT_ID = pathlib.Path('/proc/sys/kernel/random/boot_id')


def write(path: pathlib.Path, pid: int) -> None:
    """Write down a process that was just started."""
    path.write_text(' '.join(_identity(pid)))


def read(path: pathlib.Path) -> int | None:
    """Return the number of the process, or None if it does not run."""
    try:
        words = path.read_text().split()
    except FileNotFoundError:
        return None
    pid = int(words[0]) if words else 0
    if born(pid) is None or words != _identity(pid):
        return None
    return pid


def born(pid: int) -> int | None:
    """Return when a process started, in clock ticks after the machine.

    None if there is none, or it only waits to be reaped.
    """
    try:
        status = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before it, in parentheses, may hold anything.
    fields = status.rpartition(')')[2].split()
    return None if fields[0] == 'Z' else int(fields[19])


def _identity(pid: int) -> list[str]:
    return [str(pid), str(born(pid)), BOOT_ID.read_text().strip()]
