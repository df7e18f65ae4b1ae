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

"""Starting, finding and ending the processes of a cloud."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple
from typing import TypeVar

from tests.functional.minicloud.hosted import pid_files


Command = Sequence[str | os.PathLike[str]]

T = TypeVar('T')

POLL_S = 0.1
STOP_S = 20.0


class CloudError(Exception):
    """A part of the cloud did not do what it should."""


class Processes:
    """The processes of one cloud, each known by a name.

    :param run: folder of the files with their process identifiers
    :param log: folder of what they write
    """

    def __init__(self, run: pathlib.Path, log: pathlib.Path) -> None:
        """Keep the folders."""
        self._run = run
        self._log = log

    def start(
        self,
        name: str,
        command: Command,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a process that outlives this one.

        :raises CloudError: if one of this name runs
        """
        path = self._path(name)
        if pid_files.read(path) is not None:
            raise CloudError(f'{name} runs already')
        with (self._log / f'{name}.out').open('ab') as out:
            process = subprocess.Popen(
                [os.fspath(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment(environment or {}),
                start_new_session=True,
            )
        pid_files.write(path, process.pid)

    def call(
        self, command: Command, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a command to its end and return what it wrote.

        :raises CloudError: if it fails
        """
        words = [os.fspath(word) for word in command]
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(environment or {}),
        )
        with (self._log / 'setup.log').open('a') as out:
            out.write(f'$ {" ".join(words)}\n{ended.stdout}\n')
        if ended.returncode:
            raise CloudError(
                f'{" ".join(words)} ended with {ended.returncode}:\n'
                + ended.stdout[-3000:]
            )
        return ended.stdout

    def running(self) -> dict[str, int]:
        """Return the process identifiers of what runs, by name."""
        found = {}
        for path in sorted(self._run.glob('*.pid')):
            if (pid := pid_files.read(path)) is not None:
                found[path.stem] = pid
        return found

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and all that it started.

        :raises CloudError: if it does not run
        """
        _signal_all(self._members(name), number)

    def stop(self, names: Iterable[str]) -> None:
        """End processes: ask them first, kill what is left."""
        running = self.running()
        members = [
            member
            for name in names
            if name in running
            for member in _family(running[name])
        ]
        _end(members)

    def kill(self, name: str) -> None:
        """End a process and its children at once, as a crash would.

        :raises CloudError: if it does not run
        """
        members = self._members(name)
        _signal_all(members, signal.SIGKILL)
        wait_for(
            lambda: not any(map(_is_alive, members)),
            f'{name} to be gone',
            STOP_S,
            POLL_S,
        )

    def _members(self, name: str) -> list[_Process]:
        pid = self.running().get(name)
        if pid is None:
            raise CloudError(f'{name} does not run')
        return _family(pid)

    def _path(self, name: str) -> pathlib.Path:
        return self._run / f'{name}.pid'

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """This process's environment without what would reach into it."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('OS_', 'PYTHON'))
        }
        # Entry points are cached in the user's home otherwise.
        cache = {'XDG_CACHE_HOME': str(self._run / 'cache')}
        return {**kept, **cache, 'PYTHONUNBUFFERED': '1', **own}


class _Process(NamedTuple):
    """A process; ``born`` tells it from a later one of the same number."""

    pid: int
    born: int


def end(pid: int) -> None:
    """End a process and all that it started."""
    _end(_family(pid))


def _end(members: Sequence[_Process]) -> None:
    """Ask them first, kill what is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_all(members, number)
        deadline = time.monotonic() + STOP_S
        while any(map(_is_alive, members)) and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _signal_all(members: Iterable[_Process], number: int) -> None:
    for member in members:
        if _is_alive(member):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.pid, number)


def _is_alive(member: _Process) -> bool:
    return pid_files.born(member.pid) == member.born


def _family(pid: int) -> list[_Process]:
    """Return a process, if it is there, and all that it started."""
    born = pid_files.born(pid)
    found = [] if born is None else [_Process(pid, born)]
    for path in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in path.read_text().split():
                found += _family(int(child))
    return found


def look_until(
    look: Callable[[], T],
    is_over: Callable[[T], bool],
    what: Callable[[T], str],
    seconds: float,
    every_s: float,
) -> T:
    """Look at something until it is as it should be and return it.

    :param what: says what is waited for, when it is as seen last
    :param every_s: seconds between two looks
    :raises CloudError: if it is not after so long
    """
    deadline = time.monotonic() + seconds
    while not is_over(found := look()):
        if time.monotonic() > deadline:
            raise CloudError(f'waited {seconds:g} s for {what(found)}')
        time.sleep(every_s)
    return found


def wait_for(
    condition: Callable[[], bool],
    what: str,
    seconds: float = 180.0,
    every_s: float = 0.5,
) -> None:
    """Wait until something is so.

    :param every_s: seconds between two looks
    :raises CloudError: if it is not after so long
    """
    look_until(condition, bool, lambda so: what, seconds, every_s)


def is_listening(port: int) -> bool:
    """Return whether somebody accepts connections on a loopback port."""
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Return whether an API is up; asking for credentials is an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code in (300, 401)
    except OSError:
        return False
