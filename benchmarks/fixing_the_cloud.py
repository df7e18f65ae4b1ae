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

"""Paths in the step model of a public contest, beside two other methods.

``python -m benchmarks.fixing_the_cloud [FOLDER]``, with the samples of the
contest in the folder (see :mod:`benchmarks.step_model`). The instances that
the contest judged by are not public; others are generated. With ``--answers``
our steps are written in the contest's form.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import statistics
import sys
import time

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

from benchmarks import step_method
from benchmarks import step_model
from benchmarks import step_rivals
from benchmarks import tables
from benchmarks.step_model import Cloud
from benchmarks.step_model import Steps
from benchmarks.vmr2l import VARIABLE


FILLS = (0.6, 0.75, 0.9, 0.95, 0.97)
# Servers, VMs at most and fill.
INSTANCES = (
    *((n, 11 * n, fill) for n in (20, 50, 100, 200, 400) for fill in FILLS),
    (1000, 10000, 0.6),
    (1000, 10000, 0.75),
    (1000, 10000, 0.9),
    (900, 10000, 0.97),
)
HEADER = (
    'instance',
    'VMs',
    'fill',
    'fewest steps',
    'least GB',
    'one by one: steps',
    'GB',
    'waves: steps',
    'GB',
    'ours: steps',
    'GB',
    'score',
    'better rival',
    'ratio',
    'CPU s',
)


def samples(folder: str | None) -> Iterator[tuple[str, Cloud]]:
    """Yield the samples, or say that they are not there."""
    root = folder or os.environ.get(VARIABLE)
    if not root:
        print(f'samples skipped: no folder, no {VARIABLE}')
        return
    places = [pathlib.Path(root), pathlib.Path(root, 'fixing_the_cloud')]
    found = [p for place in places for p in sorted(place.glob('input*.txt'))]
    if not found:
        print(f'samples skipped: {root} has no input*.txt')
    for path in found:
        answer = path.with_name(path.name.replace('input', 'output'))
        cloud = step_model.read(path)
        if answer.is_file():
            step_model.check(cloud, step_model.parse(answer.read_text()))
        yield path.stem, cloud


def generated(seed: int, most: int) -> Iterator[tuple[str, Cloud]]:
    """Yield the generated instances of up to so many servers."""
    for n_servers, n_vms, fill in INSTANCES:
        if n_servers <= most:
            name = f'{n_servers} servers, {100 * fill:.0f} %'
            yield name, step_model.generate(n_servers, n_vms, fill, seed)


def compare(
    name: str, cloud: Cloud, given: argparse.Namespace
) -> tuple[list[object], float | None]:
    """Return a line of the table, and our product by the better rival's.

    That is infinite where we fail, and None where all others fail.
    """
    rivals = [
        _checked(cloud, step_rivals.one_server_after_another),
        _checked(cloud, step_rivals.waves),
    ]
    began = time.process_time()
    ours = _checked(
        cloud,
        lambda c: step_method.solve(c, given.tries, given.limit_s, given.seed),
    )
    seconds = time.process_time() - began
    if given.answers and ours:
        path = pathlib.Path(given.answers, f'{name}.txt')
        path.write_text(step_model.text(ours))
    solved = [steps for steps in rivals if steps is not None]
    rival = min(
        (step_model.product(cloud, steps) for steps in solved), default=None
    )
    ratio = None
    if ours is None:
        ratio = math.inf
    elif rival is not None:
        ratio = step_model.product(cloud, ours) / rival
    row: list[object] = [name, len(cloud.need), _fill(cloud)]
    row += [cloud.fewest_steps, cloud.least_gb]
    for steps in (*rivals, ours):
        row += _figures(cloud, steps)
    row.append(round(step_model.score(cloud, ours)) if ours else None)
    row.append(round(1000 * math.log10(rival + 1)) if rival else None)
    return [*row, ratio, seconds], ratio


def _checked(
    cloud: Cloud, method: Callable[[Cloud], Steps | None]
) -> Steps | None:
    steps = method(cloud)
    if steps is not None:
        step_model.check(cloud, steps)
    return steps


def _figures(cloud: Cloud, steps: Steps | None) -> list[int | None]:
    if steps is None:
        return [None, None]
    return [len(steps), step_model.moved_gb(cloud, steps)]


def _fill(cloud: Cloud) -> float:
    """Percent of the scarcer resource in use."""
    used = cloud.used(cloud.start)
    return 100 * max(
        sum(amount[k] for amount in used) / sum(room[k] for room in cloud.room)
        for k in (0, 1)
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.fixing_the_cloud',
        description='Compare paths in the step model of a contest.',
    )
    result.add_argument('folder', nargs='?', help='has input0.txt')
    result.add_argument('--seed', type=int, default=1)
    result.add_argument('--most-servers', type=int, default=1000)
    result.add_argument('--tries', type=int, default=8)
    result.add_argument('--limit-s', type=float, default=20.0)
    result.add_argument('--answers', metavar='FOLDER', help='write our steps')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if a rival is better on any instance."""
    given = parser().parse_args(arguments)
    rows = []
    for name, cloud in samples(given.folder):
        rows.append(compare(name, cloud, given)[0])
    ratios = []
    for name, cloud in generated(given.seed, given.most_servers):
        row, ratio = compare(name, cloud, given)
        rows.append(row)
        ratios.append(ratio)
        print(*tables.text(HEADER, [row]).splitlines()[2:], flush=True)
    print(tables.text(HEADER, rows))
    return _summary(rows[-len(ratios) :], ratios, given.seed)


def _summary(
    rows: Sequence[Sequence[object]], ratios: Sequence[float | None], seed: int
) -> int:
    """Print what the generated instances show; 1 if a rival was better."""
    known = [ratio for ratio in ratios if ratio is not None]
    # Nobody can be better there.
    optimal = sum(
        ratio == 1 and row[3:5] == row[9:11]
        for row, ratio in zip(rows, ratios, strict=True)
    )
    better = sum(ratio is None or ratio < 1 for ratio in ratios)
    print(
        f'{len(ratios)} generated instances, seed {seed}: better than both '
        f'on {better}, equal with a proof that nobody can be better on '
        f'{optimal}; {len(ratios) - len(known)} of them no rival has solved; '
        f'ratio on the others {statistics.mean(known):.3f} on average, '
        f'{statistics.median(known):.3f} in the median, '
        f'{max(known):.3f} at most'
    )
    return 0 if better + optimal == len(ratios) else 1


if __name__ == '__main__':
    sys.exit(main())
