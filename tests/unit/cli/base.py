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

"""Runs commands as a shell would, within the process."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import tempfile
import unittest

from typing import Any
from unittest import mock

from watcher_rearrange.cli import main


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command left: its status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


class Screen(io.StringIO):
    """Standard output, of a terminal or not."""

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


class CommandTestCase(unittest.TestCase):
    """A folder for the files of a test, and a way to run commands."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name: str) -> str:
        """A path in the folder of the test."""
        return os.path.join(self.folder, name)

    def write(self, name: str, document: Any) -> str:
        """Write a JSON file in the folder of the test; return its path."""
        with open(self.path(name), 'w', encoding='utf-8') as file:
            json.dump(document, file)
        return self.path(name)

    def read(self, name: str) -> Any:
        """Read a JSON file of the folder of the test."""
        with open(self.path(name), encoding='utf-8') as file:
            return json.load(file)

    def run_command(
        self, *words: str, stdin: str = '', tty: bool = False
    ) -> Result:
        """Run one command."""
        out, err = Screen(tty), io.StringIO()
        source = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch('sys.stdin', source),
        ):
            status = main.main(words)
        return Result(status, out.getvalue(), err.getvalue())
