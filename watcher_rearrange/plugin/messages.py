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

"""Sentences for the small room that Watcher's database has."""

from __future__ import annotations

from collections.abc import Sequence

from watcher_rearrange.model import plan


# Watcher's status_message columns.
STATUS_MESSAGE_LENGTH = 255

# What an action plan begins with that nobody could make.
NO_PLAN = 'No plan: '

# What Watcher puts before the reason of a skipped or failed action, at most
# 'Action was skipped automatically: '.
ACTION_PREFIX_LENGTH = 40


def shorten(text: str, length: int = STATUS_MESSAGE_LENGTH) -> str:
    """Return a text cut to a length, with dots where it was cut."""
    if len(text) <= length:
        return text
    return text[: length - 3].rstrip() + '...'


def for_action(text: str) -> str:
    """Return a reason that fits into the message of an action."""
    return shorten(text, STATUS_MESSAGE_LENGTH - ACTION_PREFIX_LENGTH)


def no_plan(problems: Sequence[str]) -> str:
    """Return why there is no plan, in as many problems as there is room for.

    Where that is not all, the shortest come first: one of many words would
    hide all others.
    """
    whole = NO_PLAN + '; '.join(problems)
    if len(whole) <= STATUS_MESSAGE_LENGTH:
        return whole
    first, *others = sorted(problems, key=len)
    return joined(NO_PLAN + first, others)


def summary(made: plan.Plan) -> str:
    """Return the outcome of a plan, as much of it as there is room for.

    Whole messages are kept as long as they fit; the decision engine's log
    has all of them.
    """
    return joined(_headline(made), made.messages)


def joined(headline: str, sentences: Sequence[str]) -> str:
    """Return a headline and as many sentences as fit, counting the rest."""
    text = headline
    for position, sentence in enumerate(sentences):
        n_left = len(sentences) - position
        more = f'; and {n_left} more messages in the log'
        longer = f'{text}; {sentence}'
        spare = len(more) if n_left > 1 else 0
        if len(longer) + spare > STATUS_MESSAGE_LENGTH:
            # The first one is worth more cut than left out.
            if position:
                return shorten(text + more)
            return shorten(longer)
        text = longer
    return shorten(text)


def too_slow(made: plan.Plan, patience_s: float) -> list[str]:
    """Return a warning if Watcher will not wait for a migration's end.

    :param patience_s: seconds after which it takes one for failed
    """
    slow = sum(
        action.is_migration and action.estimated_s > patience_s
        for action in made.actions
    )
    if not slow:
        return []
    return [
        f'{slow} migrations may take more than the {patience_s:.0f} s that '
        'Watcher waits for each: raise [nova] migration_max_retries'
    ]


def _headline(made: plan.Plan) -> str:
    if not made.actions:
        return f'{made.status.value}: no actions'
    n_waves = max(made.waves().values())
    return (
        f'{made.status.value}: {_counted(made.path.migrations, "migration")} '
        f'in {_counted(n_waves, "wave")}'
    )


def _counted(count: int, noun: str) -> str:
    return f'{count} {noun}' if count == 1 else f'{count} {noun}s'
