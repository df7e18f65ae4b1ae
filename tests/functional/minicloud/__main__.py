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

"""The command ``./minicloud``."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from collections.abc import Sequence

from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import dashboard
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import logs
from tests.functional.minicloud import processes as proc


COUNTED = 'tools/counted.sh'

# Beside a cloud that somebody started by hand.
TEST_PORT = 16000
NODES = 6


def main() -> int:
    """Run one command and return its exit status."""
    # What this program started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    arguments = _parse()
    try:
        return COMMANDS[arguments.command](arguments)
    except (proc.CloudError, ValueError) as error:
        print(f'ERROR: {error}', file=sys.stderr)
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='./minicloud', description='A real OpenStack on this machine.'
    )
    parser.add_argument(
        '--folder',
        type=_path,
        default=pathlib.Path('.minicloud'),
        help='where it keeps everything (%(default)s)',
    )
    commands = parser.add_subparsers(dest='command', required=True)
    up = commands.add_parser('up', help='start a cloud')
    up.add_argument('--nodes', type=int, help=f'computes ({NODES})')
    up.add_argument('--hosts', type=_path, help='computes and sizes, as JSON')
    up.add_argument(
        '--first-port',
        type=int,
        help=f'of the range it listens on ({layouts.Layout.first_port})',
    )
    up.add_argument(
        '--horizon', action='store_true', help='start the dashboard too'
    )
    commands.add_parser('horizon', help='start the dashboard of a cloud')
    down = commands.add_parser('down', help='stop it')
    down.add_argument(
        '--keep', action='store_true', help='keep the folder with its state'
    )
    commands.add_parser('status', help='show its processes')
    for name, text in (
        ('kill', 'crash a process of it'),
        ('start', 'start a process again'),
    ):
        commands.add_parser(name, help=text).add_argument('process')
    test = commands.add_parser(
        'test', help='run tests on a new cloud, which is removed afterwards'
    )
    test.add_argument('filters', nargs='*', help='as stestr takes them')
    test.add_argument('--nodes', type=int, default=NODES, help='computes')
    test.add_argument(
        '--first-port',
        type=int,
        default=TEST_PORT,
        help='of the range it listens on (%(default)s)',
    )
    test.add_argument(
        '--keep',
        type=_path,
        metavar='FOLDER',
        help='copy the logs there, whatever comes of the tests',
    )
    run = commands.add_parser(
        'run', help='run a command with the cloud in its environment'
    )
    run.add_argument('words', nargs=argparse.REMAINDER)
    return parser.parse_args()


def _caller() -> pathlib.Path:
    """Return where the user stands; the script goes to the repository."""
    return pathlib.Path(os.environ.get('MINICLOUD_CALLER', '.'))


def _path(text: str) -> pathlib.Path:
    return _caller() / text


def _up(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    folder = arguments.folder.resolve()
    kept = layouts.Layout.find(folder)
    layout = kept or layouts.Layout(folder)
    if arguments.first_port is not None:
        layout = layouts.Layout(folder, arguments.first_port)
    clouds.Cloud(layout).up(
        _hosts(arguments, kept), say=lambda line: print(line, flush=True)
    )
    print(f'up after {time.monotonic() - began:.0f} s; try')
    print('  ./minicloud run openstack hypervisor list')
    if arguments.horizon:
        return _horizon(arguments)
    return 0


def _hosts(
    arguments: argparse.Namespace, kept: layouts.Layout | None
) -> list[host_files.Host]:
    """Return the computes asked for, else those of a cloud that was kept."""
    if arguments.hosts:
        return host_files.in_processes(host_files.read(arguments.hosts))
    if arguments.nodes is None and kept is not None:
        return host_files.read(kept.hosts)
    nodes = NODES if arguments.nodes is None else arguments.nodes
    return host_files.default_hosts(nodes)


def _horizon(arguments: argparse.Namespace) -> int:
    cloud = clouds.Cloud.find(arguments.folder)
    cloud.start(dashboard.NAME)
    print(
        f'{cloud.layout.url(dashboard.NAME)}/ user admin, password '
        f'{layouts.PASSWORD}'
    )
    return 0


def _down(arguments: argparse.Namespace) -> int:
    cloud = clouds.Cloud.find(arguments.folder)
    if arguments.keep:
        cloud.down()
    else:
        cloud.remove()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    cloud = clouds.Cloud.find(arguments.folder)
    running = cloud.processes.running()
    for name, pid in running.items():
        print(f'{name:<30}{pid:>8}')
    return 0 if running else 1


def _kill(arguments: argparse.Namespace) -> int:
    clouds.Cloud.find(arguments.folder).processes.kill(arguments.process)
    return 0


def _start(arguments: argparse.Namespace) -> int:
    clouds.Cloud.find(arguments.folder).start(arguments.process)
    return 0


def _test(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix='minicloud-') as folder:
        cloud = clouds.Cloud(
            layouts.Layout(
                pathlib.Path(folder).resolve(), arguments.first_port
            )
        )
        stestr = [
            COUNTED,
            cloud.layout.bin / 'stestr',
            '--test-path',
            './tests/functional/minicloud',
            '--top-dir',
            '.',
            'run',
            '--serial',
            *arguments.filters,
        ]
        try:
            cloud.up(
                host_files.default_hosts(arguments.nodes),
                say=lambda line: print(line, flush=True),
            )
            status = _run_tests(stestr, folder)
            if status:
                logs.show_errors(cloud.layout.log)
            return status
        except proc.CloudError:
            logs.show_errors(cloud.layout.log)
            raise
        finally:
            cloud.down()
            if arguments.keep:
                logs.copy(cloud.layout.log, arguments.keep)


def _run_tests(stestr: Sequence[str | os.PathLike[str]], folder: str) -> int:
    environment = {**os.environ, 'MINICLOUD_FOLDER': folder}
    with subprocess.Popen(stestr, env=environment) as tests:
        try:
            return tests.wait()
        except BaseException:
            proc.end(tests.pid)
            raise


def _run(arguments: argparse.Namespace) -> int:
    openrc = clouds.Cloud.find(arguments.folder).layout.etc / 'openrc'
    os.chdir(_caller())
    os.execvp(
        'bash',
        ['bash', '-c', '. "$0" && exec "$@"', str(openrc), *arguments.words],
    )


COMMANDS = {
    'up': _up,
    'horizon': _horizon,
    'down': _down,
    'status': _status,
    'kill': _kill,
    'start': _start,
    'test': _test,
    'run': _run,
}

if __name__ == '__main__':
    sys.exit(main())
