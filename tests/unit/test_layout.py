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

"""The layout of the code: who may import what, and how long things are."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys
import unittest

from collections.abc import Iterator


ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = 'watcher_rearrange'
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

# The packages from the lowest layer up. A package may import itself and
# whatever stands in a lower layer, never one of its own layer.
LAYERS = (
    ('model',),
    ('constraints', 'objectives'),
    ('policies',),
    ('optimizer', 'path'),
    ('planning',),
    ('report', 'snapshot'),
    ('cli', 'plugin'),
)
# The checker judges the layers below planning, so it shares nothing with
# them and none of them may see it.
CHECKER = 'checker'
CHECKER_USERS = ('planning', 'report', 'snapshot', 'cli', 'plugin')

PLUGIN_ONLY = ('watcher', 'novaclient', 'keystoneauth1')

WITHOUT_WATCHER = """
import importlib.abc
import sys


class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top in ('watcher', 'novaclient') or top.startswith('oslo_'):
            raise ImportError('blocked: ' + name)


sys.meta_path.insert(0, Blocker())
import watcher_rearrange.cli.main
"""


def allowed_imports() -> dict[str, set[str]]:
    """Return for each package the project packages it may import."""
    allowed: dict[str, set[str]] = {CHECKER: {CHECKER}}
    lower: set[str] = set()
    for layer in LAYERS:
        for package in layer:
            allowed[package] = lower | {package}
        lower = lower | set(layer)
    for package in CHECKER_USERS:
        allowed[package].add(CHECKER)
    return allowed


def python_files(*folders: str) -> list[pathlib.Path]:
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob('*.py')
    )


def parse(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'), str(path))


def package_of(path: pathlib.Path) -> str:
    """Return the package below the project's, '' for its own files."""
    parts = path.relative_to(ROOT / PROJECT).parts
    return parts[0] if len(parts) > 1 else ''


def from_base(node: ast.ImportFrom, path: pathlib.Path) -> str:
    """Return the absolute name that an import statement starts from."""
    if not node.level:
        return node.module or ''
    parts = path.relative_to(ROOT).parts[: -node.level]
    return '.'.join([*parts, *filter(None, [node.module])])


def imported_names(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute dotted name) of each thing a file imports."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = from_base(node, path)
            for alias in node.names:
                yield node.lineno, f'{base}.{alias.name}'


def project_packages(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """Yield (line, package) of each project package a file imports."""
    for line, name in imported_names(path):
        top, _, rest = name.partition('.')
        if top == PROJECT:
            yield line, rest.partition('.')[0]


def where(path: pathlib.Path, line: int) -> str:
    return f'{path.relative_to(ROOT)}:{line}'


class TestImportDirection(unittest.TestCase):
    def test_every_package_has_a_layer(self):
        packages = {package_of(path) for path in python_files(PROJECT)}
        self.assertEqual(set(), packages - {''} - set(allowed_imports()))

    def test_imports_run_one_way(self):
        allowed = allowed_imports()
        wrong = [
            f'{where(path, line)}: {package_of(path)} imports {package}'
            for path in python_files(PROJECT)
            for line, package in project_packages(path)
            if package not in allowed.get(package_of(path), ())
        ]
        self.assertEqual([], wrong)

    def test_only_plugin_imports_watcher(self):
        wrong = [
            f'{where(path, line)}: {name}'
            for path in python_files(PROJECT)
            if package_of(path) != 'plugin'
            for line, name in imported_names(path)
            if name.startswith(('oslo_', 'oslo.'))
            or name.partition('.')[0] in PLUGIN_ONLY
        ]
        self.assertEqual([], wrong)

    def test_checker_needs_only_the_standard_library(self):
        known = {*sys.stdlib_module_names, PROJECT}
        wrong = [
            f'{where(path, line)}: {name}'
            for path in python_files(f'{PROJECT}/{CHECKER}')
            for line, name in imported_names(path)
            if name.partition('.')[0] not in known
        ]
        self.assertEqual([], wrong)

    def test_command_line_imports_without_watcher(self):
        if not (ROOT / PROJECT / 'cli' / 'main.py').exists():
            self.skipTest('there is no command line')
        result = subprocess.run(
            [sys.executable, '-c', WITHOUT_WATCHER],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, result.returncode, result.stderr)


class TestLengths(unittest.TestCase):
    FOLDERS = (PROJECT, 'tests', 'benchmarks')

    def test_no_file_is_too_long(self):
        lengths = {
            str(path.relative_to(ROOT)): len(path.read_text().splitlines())
            for path in python_files(*self.FOLDERS)
        }
        wrong = {k: n for k, n in lengths.items() if n > MAX_FILE_LINES}
        self.assertEqual({}, wrong)

    def test_no_function_is_too_long(self):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        lengths = {
            f'{where(path, node.lineno)} {node.name}': (
                (node.end_lineno or node.lineno) - node.lineno + 1
            )
            for path in python_files(*self.FOLDERS)
            for node in ast.walk(parse(path))
            if isinstance(node, kinds)
        }
        wrong = {k: n for k, n in lengths.items() if n > MAX_FUNCTION_LINES}
        self.assertEqual({}, wrong)
