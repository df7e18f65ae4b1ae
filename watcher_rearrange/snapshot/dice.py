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

"""Random choices that are the same in every version of Python."""

from __future__ import annotations

import bisect
import itertools
import random

from collections.abc import Sequence


class Dice:
    """Choices from a seed.

    Only ``random.Random.random`` is used: its sequence is the same in
    every version of Python, which its other methods do not promise.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float, high: float) -> float:
        """A number between two bounds."""
        return low + (high - low) * self._random.random()

    def sample(self, population: int, count: int) -> list[int]:
        """Distinct numbers below a bound, in random order."""
        numbers = list(range(population))
        for k in range(count):
            other = k + int(self._random.random() * (population - k))
            numbers[k], numbers[other] = numbers[other], numbers[k]
        return numbers[:count]

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, each as likely as its weight."""
        return self.cumulative(list(itertools.accumulate(weights)))

    def cumulative(self, sums: Sequence[float]) -> int:
        """An index, by the running sums of the weights."""
        ball = self._random.random() * sums[-1]
        return min(bisect.bisect_right(sums, ball), len(sums) - 1)
