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

"""Random scenarios through the real services.

``python -m benchmarks.real_cloud --scenarios 50 --seed 0 -o results.json``
starts a cloud (:mod:`tests.functional.minicloud`), makes one scenario after
the other true in it, audits, applies the plan, and asks Nova and Placement
what came of it. ``--rules`` adds server groups, zones, aggregates, traits and
policies. ``--rivals`` does the same with Watcher's own strategies.
Every run is a line of JSON in the output; what stands there is not run again.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time

from collections.abc import Sequence

from benchmarks import real_cloud_judge
from benchmarks import real_cloud_rivals
from benchmarks import real_cloud_ruled
from benchmarks import real_cloud_ruled_judge
from benchmarks import real_cloud_ruled_stage
from benchmarks import real_cloud_scenarios as scenarios
from benchmarks import real_cloud_stage
from benchmarks import real_cloud_table
from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import session as sessions
from tests.functional.minicloud import settings


Row = real_cloud_judge.Row
Task = tuple[scenarios.Scenario, str, list[real_cloud_judge.Step]]

# What an operator may set, too: the applier has as many workers as the
# machine has processors by default, two here.
WATCHER = f"""{settings.REARRANGE}
[watcher_workflow_engines.taskflow]
max_workers = 8
"""


def methods(
    scenario: scenarios.Scenario, rivals: bool
) -> real_cloud_rivals.Methods:
    """Return what is to run on a scenario, by name."""
    if rivals:
        return real_cloud_rivals.methods(scenario)
    step = real_cloud_judge.Step(scenario.strategy, scenario.parameters)
    return {scenario.strategy: [step]}


def run(
    session: sessions.Session,
    scenario: scenarios.Scenario,
    steps: Sequence[real_cloud_judge.Step],
    again: bool = True,
) -> Row:
    """Run audits on a scenario in an empty cloud; what came of it."""
    began = time.monotonic()
    stage = real_cloud_stage.Stage(session, scenario)
    judges = real_cloud_judge.Judge
    if isinstance(scenario, real_cloud_ruled.RuledScenario):
        stage = real_cloud_ruled_stage.Stage(session, scenario)
        judges = real_cloud_ruled_judge.Judge
    prepared = stage.prepare()
    prepare_s = time.monotonic() - began
    judge = judges(session, scenario, prepared)
    return {'prepare_s': prepare_s, **judge.run(steps, again)}


class Bench:
    """Runs what is missing in a file of results.

    :param given: the command line
    """

    def __init__(self, given: argparse.Namespace) -> None:
        """Read the file."""
        self._given = given
        # Other numbers give other scenarios.
        self._drawn = f'{given.seed} of {given.scenarios}' + (
            ', ruled' if given.rules else ''
        )
        self._output = pathlib.Path(given.output)
        # What did not come to its end is tried again.
        self.rows = [
            row
            for row in read(self._output)
            if 'error' not in row and row.get('drawn') == self._drawn
        ]
        self._done = {(r['number'], r['method']) for r in self.rows}
        folder = pathlib.Path(given.folder).resolve()
        self._cloud = clouds.Cloud(layouts.Layout(folder, given.first_port))
        self._found = self._cloud.processes.running()

    def run(self) -> None:
        """Run the scenarios, one set of hosts after the other."""
        given = self._given
        draw = real_cloud_ruled.draw if given.rules else scenarios.draw
        wanted: dict[int, list[Task]] = {}
        for number in given.only or range(given.scenarios):
            scenario = draw(number, given.seed, given.scenarios)
            tasks = wanted.setdefault(
                scenarios.cloud_of(number, given.scenarios), []
            )
            tasks += [
                (scenario, name, steps)
                for name, steps in methods(scenario, given.rivals).items()
                if (number, name) not in self._done
            ]
        try:
            for number, tasks in wanted.items():
                if tasks and number in (given.clouds or wanted):
                    self._run_on(scenarios.hosts(number, given.seed), tasks)
        finally:
            if not given.keep and not self._found:
                self._end()

    def _run_on(
        self, hosts: Sequence[host_files.Host], tasks: Sequence[Task]
    ) -> None:
        session = self._session(hosts)
        for scenario, name, steps in tasks:
            row = {
                'drawn': self._drawn,
                'number': scenario.number,
                'method': name,
                'strategy': scenario.strategy,
                'parameters': scenario.parameters,
                'nodes': len(hosts),
                'instances': len(scenario.instances),
            }
            self._add({**row, **self._attempt(session, scenario, steps)})

    def _session(self, hosts: Sequence[host_files.Host]) -> sessions.Session:
        cloud = self._cloud
        if not cloud.processes.running():
            cloud.up(hosts, WATCHER)
        elif len(cloud.hosts) != len(hosts):
            self._end()
            cloud.up(hosts, WATCHER)
        elif cloud.hosts != hosts:
            real_cloud_stage.rebuild(sessions.Session(cloud), hosts)
        return sessions.Session(cloud)

    def _end(self) -> None:
        if self._cloud.layout.folder.exists():
            self._cloud.remove()

    def _attempt(
        self,
        session: sessions.Session,
        scenario: scenarios.Scenario,
        steps: Sequence[real_cloud_judge.Step],
    ) -> Row:
        try:
            session.reset()
            return run(session, scenario, steps, not self._given.rivals)
        except Exception as error:
            # Of a client, too: the others run all the same.
            return {'error': f'{type(error).__name__}: {error}'}

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        with self._output.open('a', encoding='utf-8') as file:
            file.write(json.dumps(row) + '\n')
        print(real_cloud_table.line(row), file=sys.stderr, flush=True)


def read(path: pathlib.Path) -> list[Row]:
    """Return the rows of a file; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.real_cloud',
        description='Random scenarios through the real services.',
    )
    result.add_argument('--scenarios', type=int, default=50, metavar='COUNT')
    result.add_argument('--seed', type=int, default=0)
    result.add_argument(
        '--rules', action='store_true', help='server groups, zones and such'
    )
    result.add_argument(
        '--rivals', action='store_true', help="Watcher's own strategies"
    )
    result.add_argument(
        '--only', type=int, nargs='+', help='only scenarios of these numbers'
    )
    result.add_argument(
        '--clouds', type=int, nargs='+', help='only clouds of these numbers'
    )
    result.add_argument('--first-port', type=int, default=17000)
    result.add_argument(
        '--folder', default='.minicloud-bench', help='of the cloud'
    )
    result.add_argument(
        '--keep', action='store_true', help='leave the cloud running'
    )
    result.add_argument(
        '-o', '--output', default='real_cloud.jsonl', metavar='FILE'
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if anything of ours went wrong."""
    given = parser().parse_args(arguments)
    bench = Bench(given)
    bench.run()
    print(real_cloud_table.text(bench.rows))
    ours = [r for r in bench.rows if r['method'] == r['strategy']]
    return int(any(real_cloud_table.faults(row) for row in ours))


if __name__ == '__main__':
    sys.exit(main())
