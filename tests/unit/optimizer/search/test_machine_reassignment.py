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
"""The terms of the engine against the benchmark's own judge."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

import hypothesis
import numpy as np

from hypothesis import strategies as st

from benchmarks import machine_reassignment
from benchmarks import roadef_check
from benchmarks import roadef_data
from benchmarks import roadef_model
from benchmarks import time_plot
from watcher_rearrange.optimizer.search import engine


EXAMPLES = hypothesis.settings(
    max_examples=40, derandomize=True, deadline=None
)


def text(rng: np.random.Generator) -> tuple[str, str]:
    """A small random instance: model and assignment."""
    n_machines, n_services, n_processes = 4, 4, 8
    lines = ['2', '0 10', '1 3', str(n_machines)]
    for m in range(n_machines):
        capacity = rng.integers(10, 25, 2)
        costs = rng.integers(0, 3, n_machines)
        costs[m] = 0
        row = [m // 2, m % 3, *capacity, *(capacity * 6 // 10), *costs]
        lines.append(' '.join(map(str, row)))
    lines += [str(n_services), '2 0', '1 1 0', '1 0', '1 2 0 2']
    lines.append(str(n_processes))
    for _ in range(n_processes):
        row = [rng.integers(n_services), *rng.integers(0, 6, 3)]
        lines.append(' '.join(map(str, row)))
    lines += ['1', '0 1 2', '5', '1 10 100']
    start = rng.integers(0, n_machines, n_processes)
    return '\n'.join(lines), ' '.join(map(str, start))


class TestModel(unittest.TestCase):
    def _read(
        self, seed: int
    ) -> tuple[roadef_data.Instance, roadef_check.Judge]:
        model, assignment = text(np.random.default_rng(seed))
        with tempfile.TemporaryDirectory() as folder:
            one = pathlib.Path(folder, 'model')
            other = pathlib.Path(folder, 'assignment')
            one.write_text(model, encoding='ascii')
            other.write_text(assignment, encoding='ascii')
            data = roadef_data.read(one, other)
        return data, roadef_check.Judge(model, data.start.tolist())

    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_the_judge_agrees(self, seed: int) -> None:
        data, judge = self._read(seed)
        model = roadef_model.model(data)
        rng = np.random.default_rng(seed)
        for _ in range(10):
            node_of = data.start.copy()
            moved = rng.random(len(node_of)) < 0.4
            node_of[moved] = rng.integers(0, 4, moved.sum())
            model.reset(node_of)
            verdict = judge.judge(node_of.tolist())
            self.assertEqual(verdict.cost, model.value())
            # A model would tolerate what is broken at the start.
            rules = roadef_model.rules(data)
            for rule in rules:
                rule.reset(node_of)
            excess = sum(rule.excess() for rule in rules)
            self.assertEqual(bool(verdict.broken), excess > 0)

    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_the_search_keeps_what_is_kept(self, seed: int) -> None:
        data, judge = self._read(seed)
        if judge.judge(data.start.tolist()).broken:
            return
        outcome = engine.improve(
            roadef_model.model(data),
            np.arange(len(data.start)),
            engine.Limits(steps=100, seed=seed),
        )
        verdict = judge.judge(outcome.node_of.tolist())
        self.assertEqual((), verdict.broken)
        self.assertEqual(verdict.cost, outcome.value)


class TestJudge(unittest.TestCase):
    MODEL = """
    1
    0 10
    2
    0 0 10 4 0 3
    1 1 10 4 2 0
    2
    2 0
    1 1 0
    3
    0 3 7
    0 4 1
    1 2 1
    0
    1 10 100
    """

    def judge(self, *assignment: int) -> roadef_check.Verdict:
        judge = roadef_check.Judge(self.MODEL, [0, 1, 0])
        return judge.judge(assignment)

    def test_the_start(self) -> None:
        self.assertEqual(roadef_check.Verdict(10, ()), self.judge(0, 1, 0))

    def test_moves(self) -> None:
        # Loads 4 and 5; moves 7 + 1 + 1, most of a service 2, machines
        # 3 + 2 + 3.
        verdict = self.judge(1, 0, 1)
        self.assertEqual((), verdict.broken)
        self.assertEqual(10 + 9 + 20 + 800, verdict.cost)

    def test_what_is_broken(self) -> None:
        broken = '; '.join(self.judge(1, 1, 0).broken)
        self.assertIn('service 0 twice on a machine', broken)
        self.assertIn('service 0 is not spread enough', broken)
        self.assertIn('service 1 is without 0', broken)


class TestBenchmark(unittest.TestCase):
    def test_a_run(self) -> None:
        model, assignment = text(np.random.default_rng(5))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'model_x.txt')
            path.write_text(model, encoding='ascii')
            path.with_name('assignment_x.txt').write_text(assignment)
            solved = machine_reassignment.solve(
                path, 'x', engine.Limits(steps=40)
            )
        self.assertIsNone(solved.best)
        self.assertLessEqual(solved.cost, solved.initial)
        self.assertTrue(solved.curve)
        picture = time_plot.svg({'x': solved.curve}, 'seconds', 'cost')
        self.assertIn('polyline', picture)

    def test_without_data(self) -> None:
        self.assertIsNone(machine_reassignment.find('/nowhere', 'model_x'))
