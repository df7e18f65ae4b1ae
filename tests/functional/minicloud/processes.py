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


Command = Sequence[str | os.PathLike[str]]

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
        """Start a process that outlives this one."""
        with (self._log / f'{name}.out').open('ab') as out:
            process = subprocess.Popen(
                [os.fspath(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment(environment or {}),
                start_new_session=True,
            )
        (self._run / f'{name}.pid').write_text(str(process.pid))

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
            pid = int(path.read_text() or 0)
            if is_alive(pid):
                found[path.stem] = pid
        return found

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and all that it started.

        :raises CloudError: if it does not run
        """
        pid = self.running().get(name)
        if pid is None:
            raise CloudError(f'{name} does not run')
        for victim in family(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, number)

    def stop(self, names: Iterable[str]) -> None:
        """End processes: ask them first, kill what is left."""
        running = self.running()
        pids = {
            pid
            for name in names
            if name in running
            for pid in family(running[name])
        }
        _signal_all(pids, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while time.monotonic() < deadline and any(map(is_alive, pids)):
            time.sleep(POLL_S)
        _signal_all(pids, signal.SIGKILL)

    def kill(self, name: str) -> None:
        """End a process and its children at once, as a crash would."""
        self.signal(name, signal.SIGKILL)
        wait_for(
            lambda: name not in self.running(), f'{name} to be gone', STOP_S
        )

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


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        if is_alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Return whether a process runs, not only waits to be reaped."""
    try:
        status = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # The name before it, in parentheses, may hold anything.
    return status.rpartition(')')[2].split()[0] != 'Z'


def family(pid: int) -> list[int]:
    """Return a process and all that it started."""
    found = [pid]
    for path in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in path.read_text().split():
                found += family(int(child))
    return found


def wait_for(
    condition: Callable[[], bool],
    what: str,
    seconds: float = 180.0,
    every_s: float = POLL_S,
) -> None:
    """Wait until something is so.

    :param every_s: seconds between two looks
    :raises CloudError: if it is not after so long
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise CloudError(f'waited {seconds:g} s for {what}')
        time.sleep(every_s)


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
