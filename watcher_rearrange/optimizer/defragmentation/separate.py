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

"""The most slots in independent parts, each searched for itself.

Where every flavor counts as if it were alone, slots are a sum over the
parts, and so are the bounds. For a number of instances that are wanted
together it matters which part has how many of them: not here.
"""

from __future__ import annotations

import dataclasses

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.defragmentation import defragment
from watcher_rearrange.optimizer.defragmentation.defragment import Found
from watcher_rearrange.optimizer.defragmentation.slot_counts import worth_of
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.split import Split


# What is found of a part: int64[m], the nodes of its instances, then worth,
# most and fewest as in :class:`Found`.
_Part = tuple[Ints, float, float, int]


def is_additive(problem: Problem, wanted: Wanted) -> bool:
    """Whether the best of every part is the best of the whole."""
    return not wanted.together and problem.max_migrations is None


def search(
    split: Split,
    problem: Problem,
    placement: Placement,
    wanted: Wanted,
    seed: int = 0,
) -> Found:
    """Return the placement with the most slots that was found."""
    applied = split.apply(problem, placement)

    def work(k: int, until: float) -> _Part:
        own, start = applied[k]
        own = dataclasses.replace(own, deadline=until)
        found = defragment.search(
            own, start, _on(wanted, split.parts[k].nodes), seed
        )
        nodes = found.placement.node_of
        return nodes, found.worth, found.most, found.fewest

    sizes = [len(part.nodes) for part in split.parts]
    found = processes.each(work, sizes, problem.deadline)
    ends = [
        Placement(start.cluster, nodes)
        for (_, start), (nodes, *_) in zip(applied, found, strict=True)
    ]
    elsewhere = _elsewhere(split, problem, placement, wanted)
    return Found(
        split.invert(placement, ends),
        worth=elsewhere + sum(worth for _, worth, _, _ in found),
        most=elsewhere + sum(most for _, _, most, _ in found),
        # With the most in all, every part has its own most.
        fewest=sum(fewest for _, _, _, fewest in found),
    )


def _on(wanted: Wanted, nodes: Ints) -> Wanted:
    """The same on some nodes only, which have indices of their own."""
    flavors = wanted.flavors
    return dataclasses.replace(
        wanted,
        flavors=dataclasses.replace(flavors, nodes=flavors.nodes[:, nodes]),
    )


def _elsewhere(
    split: Split, problem: Problem, placement: Placement, wanted: Wanted
) -> float:
    """What slots are worth on the nodes that nothing can change."""
    here = wanted.flavors.nodes.copy()
    for part in split.parts:
        here[:, part.nodes] = False
    others = dataclasses.replace(wanted.flavors, nodes=here)
    return worth_of(
        problem, placement, dataclasses.replace(wanted, flavors=others)
    )
