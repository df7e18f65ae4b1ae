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

"""What the commands write."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import writer


def add_file(
    parser: argparse.ArgumentParser, metavar: str, what: str, **options: Any
) -> None:
    """Add the option ``-o`` that names a file to write."""
    parser.add_argument(
        '-o',
        '--output',
        metavar=metavar,
        help=f'write {what} to this file',
        **options,
    )


@contextlib.contextmanager
def progress() -> Iterator[None]:
    """Show on standard error how far a search is, while there is one."""
    logger = logging.getLogger('watcher_rearrange')
    handler = logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def require_writable(path: str | None) -> None:
    """Find out before the work that its result cannot be kept.

    :raises BadInput: if the file cannot be in that place
    """
    if path is None:
        return
    folder = os.path.dirname(path) or '.'
    if path in ('', '-'):
        problem = 'is not the name of a file'
    elif os.path.isdir(path):
        problem = 'cannot be written: is a directory'
    elif not os.path.isdir(folder):
        problem = 'cannot be written: its directory does not exist'
    else:
        return
    raise errors.BadInput([f'{path!r}: {problem}'])


def show(
    arguments: argparse.Namespace, document: Any, text: Callable[[], str]
) -> None:
    """Print a document, or the text that stands for it in a terminal."""
    if arguments.format == 'json':
        sys.stdout.write(writer.dumps(document))
    elif arguments.format == 'yaml':
        sys.stdout.write(yaml_text(document))
    else:
        print(text())


def yaml_text(document: Any) -> str:
    """A document as YAML."""
    import yaml

    dumper = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False)
    return text


def show_plan(
    arguments: argparse.Namespace,
    snapshot: records.Snapshot,
    result: plan.Plan,
) -> None:
    """Print a plan, after it was written where ``-o`` says."""
    document = writer.plan_document(result)
    if arguments.output is not None:
        writer.write_json(document, arguments.output)

    def text() -> str:
        from watcher_rearrange.report import tables

        return tables.render_plan(snapshot, result)

    show(arguments, document, text)
