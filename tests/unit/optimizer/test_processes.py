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

from __future__ import annotations

import multiprocessing
import os
import pathlib
import select
import tempfile
import time
import unittest

from concurrent import futures
from unittest import mock

import numpy as np

from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.program import Silent


WEIGHTS = [50.0, 10.0, 70.0, 50.0]


def squares(k: int, until: float) -> int:
    return k * k


def solved(k: int, until: float) -> list[float]:
    program = Program()
    x = program.columns(4, upper=9, cost=-np.arange(4.0) - k)
    program.row(x, np.arange(1.0, 5.0), upper=11.5)
    return [float(value) for value in program.solve(Effort(until)).values]


def each(work: processes.Work[object], cores: int) -> list[object]:
    with mock.patch.object(processes, 'cores', return_value=cores):
        return processes.each(work, WEIGHTS, time.monotonic() + 30)


def there() -> list[object]:
    """For each piece whether it was solved in the other process."""
    here = os.getpid()
    with tempfile.TemporaryDirectory() as folder:
        seen = pathlib.Path(folder, 'seen')

        def work(k: int, until: float) -> bool:
            if os.getpid() != here:
                seen.touch()
                return bool(solved(k, until))
            # Something must be left for the other one.
            while not seen.exists() and time.monotonic() < until:
                time.sleep(0.01)
            return False

        return each(work, 2)


class TestEach(unittest.TestCase):
    def test_one_core_or_two(self) -> None:
        for cores in (1, 2):
            with self.subTest(cores=cores):
                self.assertEqual([0, 1, 4, 9], each(squares, cores))

    def test_the_solver_works_in_both(self) -> None:
        # Here it has run before, and runs again later.
        alone = each(solved, 1)
        self.assertEqual(alone, each(solved, 2))
        self.assertEqual(alone, each(solved, 1))

    def test_threads_of_the_solver_do_not_matter(self) -> None:
        solver = Silent()
        solver.setOptionValue('threads', 3)
        solver.setOptionValue('parallel', 'on')
        solver.run()
        self.assertIn(True, there())

    def test_from_a_thread(self) -> None:
        # As in the decision engine.
        with futures.ThreadPoolExecutor(1) as pool:
            self.assertIn(True, pool.submit(there).result())

    def test_little_work_is_done_here(self) -> None:
        found = processes.each(
            lambda k, until: os.getpid(), [1.0, 2.0], time.monotonic() + 9
        )
        self.assertEqual([os.getpid()] * 2, found)

    def test_a_process_that_dies(self) -> None:
        here = os.getpid()

        def work(k: int, until: float) -> int:
            if os.getpid() != here:
                os._exit(1)
            return k

        self.assertEqual([0, 1, 2, 3], each(work, 2))

    def test_nobody_is_left_to_answer(self) -> None:
        # All that is left of both processes is the end of a pipe.
        read, write = os.pipe()
        if not (child := os.fork()):
            here = os.getpid()

            def work(k: int, until: float) -> bytes:
                if os.getpid() == here:
                    time.sleep(0.2)
                    os._exit(0)
                return bytes(10**6)

            each(work, 2)
        os.close(write)
        self.addCleanup(os.close, read)
        os.waitpid(child, 0)
        self.assertEqual([read], select.select([read], [], [], 30)[0])

    def test_an_error_there_is_seen_here(self) -> None:
        def work(k: int, until: float) -> int:
            if k == 1:
                raise ValueError('no such piece')
            return k

        with self.assertRaisesRegex(ValueError, 'no such piece'):
            each(work, 2)
        self.assertEqual([], multiprocessing.active_children())

    def test_an_error_only_there(self) -> None:
        here = os.getpid()

        def work(k: int, until: float) -> int:
            if os.getpid() != here:
                raise ValueError('only there')
            return k

        self.assertEqual([0, 1, 2, 3], each(work, 2))

    def test_no_process_to_be_had(self) -> None:
        context = multiprocessing.get_context('fork')
        with mock.patch.object(
            context.Process, 'start', side_effect=BlockingIOError
        ):
            self.assertEqual([0, 1, 4, 9], each(squares, 2))

    def test_time_is_shared_by_weight(self) -> None:
        seen: list[tuple[int, float]] = []
        now_s = 0.0

        def work(k: int, until: float) -> None:
            seen.append((k, until))

        with (
            mock.patch.object(processes, 'cores', return_value=1),
            mock.patch.object(processes.time, 'monotonic', return_value=now_s),
        ):
            processes.each(work, WEIGHTS, now_s + 18)
        # Nobody needed any, so the last one has all that is left.
        self.assertEqual([2, 0, 3, 1], [k for k, _ in seen])
        self.assertEqual(
            [7.0, 18 * 50 / 110, 15.0, 18.0], [at - now_s for _, at in seen]
        )

    def test_the_queue_is_closed(self) -> None:
        before = len(os.listdir('/proc/self/fd'))
        each(squares, 2)
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))
