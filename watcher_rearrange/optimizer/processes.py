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

"""Several pieces of work, in two processes where there are two cores.

The answers do not depend on how many processes there are. Whatever goes
wrong with the second one, its pieces are then worked on here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Generic
from typing import TypeVar

import highspy


T = TypeVar('T')

# A piece of work: its number, and until when on the clock of
# ``time.monotonic``.
Work = Callable[[int, float], T]

# Processes, this one included.
MOST = 2

# Less work altogether is done here: a process costs more than it brings.
WORTH_A_PROCESS = 40

# What an answer may be late.
GRACE_S = 5.0

# Bytes of a number in the queue.
WIDTH = 4


def each(work: Work[T], weights: Sequence[float], deadline: float) -> list[T]:
    """Return the answer to every piece, in order.

    The heaviest come first, and of the time that is left each gets its
    share by weight: what one does not need, the others have.

    :param work: its answers can be pickled and do not depend on each other
    :param weights: of the pieces, above 0
    :param deadline: on the clock of ``time.monotonic``
    """
    pieces = _Pieces(work, weights, deadline)
    found: dict[int, T] = {}
    if _processes(weights) > 1:
        found = _beside(pieces)
    for rank in range(len(weights)):
        if rank not in found:
            found[rank] = pieces.answer(rank, 1)
    return [found[rank] for rank in pieces.ranks()]


class _Pieces(Generic[T]):
    """The pieces of work by rank, the heaviest first."""

    def __init__(
        self, work: Work[T], weights: Sequence[float], deadline: float
    ) -> None:
        self.deadline = deadline
        self._work = work
        self._weights = weights
        self._order = sorted(
            range(len(weights)), key=lambda k: (-weights[k], k)
        )

    def answer(self, rank: int, workers: int) -> T:
        """Do one piece while others may do the next ones."""
        left = [self._weights[k] for k in self._order[rank:]]
        share = min(1.0, workers * left[0] / sum(left))
        now_s = time.monotonic()
        until = now_s + share * (self.deadline - now_s)
        return self._work(self._order[rank], until)

    def ranks(self) -> list[int]:
        """Return the rank of every piece."""
        ranks = dict(zip(self._order, range(len(self._order)), strict=True))
        return [ranks[k] for k in range(len(self._order))]

    def __len__(self) -> int:
        return len(self._order)


def cores() -> int:
    """Return on how many cores this process may run."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _processes(weights: Sequence[float]) -> int:
    if sum(weights) < WORTH_A_PROCESS:
        return 1
    if 'fork' not in multiprocessing.get_all_start_methods():
        return 1
    # Such a process may not have any of its own.
    if multiprocessing.current_process().daemon:
        return 1
    return min(MOST, cores(), len(weights))


def _beside(pieces: _Pieces[T]) -> dict[int, T]:
    """Return the answers that were found here and in another process."""
    context = multiprocessing.get_context('fork')
    here, there = context.Pipe(duplex=False)
    with _queue(len(pieces)) as queue, here:
        process = context.Process(
            target=_serve, args=(pieces, queue, here, there), daemon=True
        )
        try:
            before_fork()
            process.start()
        except OSError:
            return {}
        finally:
            there.close()
        try:
            found = dict(_taken(pieces, queue))
            if len(found) < len(pieces):
                found |= _received(here, pieces.deadline + GRACE_S)
        finally:
            process.kill()
            process.join()
    return found


def before_fork() -> None:
    """End the threads of the solver: they do not survive a fork.

    The next programme starts them again, in either process.
    """
    highspy.Highs.resetGlobalScheduler(True)


@contextlib.contextmanager
def _queue(count: int) -> Iterator[int]:
    """Numbers for whoever reads next, from the end of a pipe.

    Nobody holds a lock when he is gone in the middle of his work.
    """
    take, give = os.pipe()
    with os.fdopen(give, 'wb') as file:
        for number in range(count):
            file.write(number.to_bytes(WIDTH, 'little'))
    try:
        yield take
    finally:
        os.close(take)


def _taken(pieces: _Pieces[T], queue: int) -> Iterator[tuple[int, T]]:
    while number := os.read(queue, WIDTH):
        rank = int.from_bytes(number, 'little')
        yield rank, pieces.answer(rank, MOST)


def _received(here: Connection, until: float) -> dict[int, T]:
    try:
        if here.poll(max(0.0, until - time.monotonic())):
            found: dict[int, T] = here.recv()
            return found
    except (EOFError, OSError):
        pass
    return {}


def _serve(
    pieces: _Pieces[T], queue: int, here: Connection, there: Connection
) -> None:
    # If nobody reads any more, writing must fail, not wait for ever.
    here.close()
    # What the service does when it is told to stop is not for this process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    found: dict[int, T] = {}
    # Whoever started this tries again, and sees the same error.
    with contextlib.suppress(Exception):
        found |= _taken(pieces, queue)
    with contextlib.suppress(OSError):
        there.send(found)
