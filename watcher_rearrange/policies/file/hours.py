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

"""Times of the day in which ``quiet_hours`` forbids migrations."""

from __future__ import annotations

import datetime

from collections.abc import Iterable
from collections.abc import Sequence

from watcher_rearrange.policies.file.records import Hours


DAYS = ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')


def parse(text: str) -> Hours:
    """Read hours such as ``22:00-06:00`` or ``Fri-Mon 08:00-18:00``.

    :param text: as the schema of the policy file permits it
    """
    days, _, times = text.rpartition(' ')
    start, end = times.split('-')
    return Hours(_time(start), _time(end), _days(days), text)


def within(hours: Iterable[Hours], moment: datetime.datetime) -> bool:
    """Whether a moment, which knows its time zone, is in any of the hours.

    They begin on their days at the start, and are over just before the end;
    if that is no later, on the next day.
    """
    utc = moment.astimezone(datetime.timezone.utc)
    today = utc.weekday()
    return any(_within(one, utc.time(), today) for one in hours)


def never_end(hours: Sequence[Hours]) -> bool:
    """Whether some hours cover the whole week."""
    return bool(hours) and all(
        any(_within(one, end, day) for one in hours)
        for end in {one.end for one in hours}
        for day in range(7)
    )


def next_start(
    hours: Iterable[Hours], moment: datetime.datetime
) -> datetime.datetime | None:
    """Return when the first of some hours begin, at a moment or after it.

    :returns: with the time zone UTC; None where there are no hours
    """
    utc = moment.astimezone(datetime.timezone.utc)
    days = [utc.date() + datetime.timedelta(days=k) for k in range(8)]
    starts = [
        datetime.datetime.combine(day, one.start, datetime.timezone.utc)
        for one in hours
        for day in days
        if day.weekday() in one.days
    ]
    return min((start for start in starts if start >= utc), default=None)


def _within(hours: Hours, time: datetime.time, today: int) -> bool:
    yesterday = (today - 1) % 7
    if hours.start < hours.end:
        return today in hours.days and hours.start <= time < hours.end
    return (today in hours.days and time >= hours.start) or (
        yesterday in hours.days and time < hours.end
    )


def _time(text: str) -> datetime.time:
    hour, minute = map(int, text.split(':'))
    return datetime.time(hour % 24, minute)


def _days(text: str) -> frozenset[int]:
    if not text:
        return frozenset(range(7))
    first, _, last = text.partition('-')
    start = DAYS.index(first)
    count = (DAYS.index(last or first) - start) % 7 + 1
    return frozenset((start + k) % 7 for k in range(count))
