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
"""The search engine on Google machine reassignment (ROADEF/EURO 2012).

``python -m benchmarks.machine_reassignment --time 300`` places the processes
of set A anew and prints the score of the challenge: 100 * (cost - best
known) / initial cost. The files are those of the challenge; the folder that
has them, or has them in ``roadef2012``, is given or named by
``REARRANGE_BENCH_DATA``. Any other instance of the same format can be named,
with or without a best known cost.

Every assignment is judged by :mod:`.roadef_check`, which shares no code with
the search.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import sys

from collections.abc import Sequence

import numpy as np

from benchmarks import roadef_check
from benchmarks import roadef_data
from benchmarks import roadef_model
from benchmarks import tables
from benchmarks import time_plot
from watcher_rearrange.optimizer.search import engine


# The cost of the initial assignment and the best one known.
SET_A = {
    'a1_1': (49528750, 44306501),
    'a1_2': (1061649570, 777532896),
    'a1_3': (583662270, 583005717),
    'a1_4': (632499600, 247433844),
    'a1_5': (782189690, 727578309),
    'a2_1': (391189190, 167),
    'a2_2': (1876768120, 720671548),
    'a2_3': (2272487840, 1190713414),
    'a2_4': (3223516130, 1680609218),
    'a2_5': (787355300, 309714522),
}

HEADER = ('instance', 'initial', 'cost', 'best known', 'score', 'seconds')


@dataclasses.dataclass(frozen=True, eq=False)
class Solved:
    """What came of one instance.

    :ivar best: the best known cost, or None
    :ivar broken: what is wrong with the result, if anything
    """

    name: str
    initial: int
    cost: int
    best: int | None
    broken: tuple[str, ...]
    history: tuple[engine.Progress, ...]

    def score(self, cost: float) -> float | None:
        """Return the score of a cost."""
        if self.best is None:
            return None
        return 100.0 * (cost - self.best) / self.initial

    @property
    def row(self) -> tuple[object, ...]:
        """The row of the table."""
        score = self.score(self.cost)
        return (
            self.name,
            self.initial,
            self.cost,
            self.best,
            None if score is None else f'{score:.3f}',
            f'{self.history[-1].elapsed_s:.1f}' if self.history else '0.0',
        )

    @property
    def curve(self) -> list[tuple[float, float]]:
        """Seconds and score, or cost if there is none."""
        points = []
        for progress in self.history:
            score = self.score(progress.value)
            value = progress.value if score is None else score
            points.append((progress.elapsed_s, value))
        return points


def find(folder: str | None, name: str) -> pathlib.Path | None:
    """Return a data file, or None after saying that it is not there."""
    root = folder or os.environ.get('REARRANGE_BENCH_DATA')
    for below in ('.', 'roadef2012') if root else ():
        path = pathlib.Path(root or '', below, name)
        if path.is_file():
            return path
    print(f'skipped: no {name} in {root}; set REARRANGE_BENCH_DATA')
    return None


def solve(model: pathlib.Path, name: str, limits: engine.Limits) -> Solved:
    """Search an instance and have the result judged."""
    assignment = model.with_name(f'assignment_{name}.txt')
    data = roadef_data.read(model, assignment)
    judge = roadef_check.Judge(
        model.read_text(encoding='ascii'), data.start.tolist()
    )
    of = roadef_model.model(data)
    initial = judge.judge(data.start.tolist())
    if of.value() != initial.cost:
        raise AssertionError(f'{name}: initial cost {of.value()}')
    outcome = engine.improve(of, np.arange(len(data.start)), limits)
    verdict = judge.judge(outcome.node_of.tolist())
    broken = verdict.broken
    if verdict.cost != outcome.value:
        broken += (f'cost is {verdict.cost}, not {outcome.value}',)
    expected, best = SET_A.get(name, (initial.cost, None))
    if expected != initial.cost:
        broken += (f'initial cost is {initial.cost}, not {expected}',)
    return Solved(
        name, initial.cost, verdict.cost, best, broken, outcome.history
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    given = _parser().parse_args(arguments)
    solved = []
    for name in given.instances or SET_A:
        path = find(given.data, f'model_{name}.txt')
        if path is None:
            continue
        limits = engine.Limits(given.time, None, given.workers, given.seed)
        solved.append(solve(path, name, limits))
        print(tables.text(HEADER, [solved[-1].row]), flush=True)
    if not solved:
        return 0
    print()
    print(tables.text(HEADER, [one.row for one in solved]))
    scores = [s for one in solved if (s := one.score(one.cost)) is not None]
    if scores:
        print(f'mean score {np.mean(scores):.3f}, worst {max(scores):.3f}')
    _history(solved)
    if given.plot:
        curves = {one.name: one.curve for one in solved}
        text = time_plot.svg(curves, 'seconds', 'score')
        pathlib.Path(given.plot).write_text(text, encoding='utf-8')
    broken = [f'{one.name}: {what}' for one in solved for what in one.broken]
    print('\n'.join(broken) or 'all hard constraints are kept')
    return 1 if broken else 0


def _history(solved: Sequence[Solved]) -> None:
    """Print how the score fell with time."""
    print()
    shares = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    header = ['score after', *(f'{share:.0%}' for share in shares)]
    rows: list[list[object]] = []
    for one in solved:
        curve = one.curve
        end = curve[-1][0] if curve else 0.0
        row: list[object] = [one.name]
        for share in shares:
            known = [v for t, v in curve if t <= share * end + 1e-9]
            row.append(float(min(known)) if known else None)
        rows.append(row)
    print(tables.text(header, rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.machine_reassignment',
        description='Run the search engine on ROADEF/EURO 2012 instances.',
    )
    parser.add_argument('--data', help='folder of the files')
    parser.add_argument(
        '--instances', nargs='*', help='by default set A, as in a1_1'
    )
    parser.add_argument(
        '--time', type=float, default=300.0, help='seconds each'
    )
    parser.add_argument('--workers', type=int, default=2, help='processes')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--plot', help='write score against time as SVG')
    return parser


if __name__ == '__main__':
    sys.exit(main())
