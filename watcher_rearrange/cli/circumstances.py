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

"""What rules of a policy depend on beside the cluster."""

from __future__ import annotations

import argparse
import datetime

from typing import Any

from watcher_rearrange.cli import inputs
from watcher_rearrange.model import errors
from watcher_rearrange.snapshot import loading


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options for quiet hours and budgets."""
    parser.add_argument(
        '--now',
        type=moment,
        metavar='TIME',
        help='when the plan is to be carried out, in ISO 8601, for the quiet '
        'hours of the policy; UTC if it does not say otherwise',
    )
    parser.add_argument(
        '--migrated',
        metavar='FILE',
        help='how many migrations instances had in the last 24 hours, for '
        'the budgets of the policy: a JSON file, {"UUID": count}',
    )


def moment(value: Any) -> datetime.datetime:
    """Read a moment in ISO 8601; without a time zone it is in UTC.

    :param value: text, or what YAML has made of it
    :raises ValueError: for anything else
    """
    found = value
    if not isinstance(value, datetime.datetime):
        # Python 3.10 does not know the Z.
        found = datetime.datetime.fromisoformat(
            str(value).replace('Z', '+00:00')
        )
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.timezone.utc)
    return found


def migrated(path: str | None) -> dict[str, int]:
    """Read how many migrations instances had in the last 24 hours.

    Those that are gone since may be among them.

    :raises BadInput: with every problem of the file
    """
    if path is None:
        return {}
    source = inputs.source(path)
    document = loading.load_json(source)
    with loading.naming(source):
        if not isinstance(document, dict):
            raise errors.BadInput(['is not an object: {"UUID": count}'])
        problems = [
            f'{uuid}: {count!r} is not a whole number that is 0 or more'
            for uuid, count in document.items()
            if isinstance(count, bool)
            or not isinstance(count, int)
            or count < 0
        ]
        if problems:
            raise errors.BadInput(problems)
    return document
