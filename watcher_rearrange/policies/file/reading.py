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

"""Reading policy files: YAML, or what is already parsed of it.

Each function lists every problem in one
:class:`~watcher_rearrange.model.errors.BadInput`.
"""

from __future__ import annotations

import os

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import TypeAlias

from watcher_rearrange.model import errors
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import loading
from watcher_rearrange.policies.file import problems
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import schema


Document: TypeAlias = dict[str, Any]

_ENDINGS = ('.yaml', '.yml', '.json')


def read_policy(path: str | os.PathLike[str]) -> records.Policy:
    """Read a policy file, or all those of a folder as one.

    :raises BadInput: with every problem, each after the file's name
    """
    return _policy(read_document(path))


def policy_from_document(document: Any) -> records.Policy:
    """Build the records of a parsed policy file.

    :raises BadInput: with every problem
    """
    return _policy(join({'': document}))


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read a policy file or folder; return one document, which is valid.

    :raises BadInput: with every problem, each after the file's name
    """
    documents: dict[str, Any] = {}
    found: list[str] = []
    for name in _files(os.fspath(path)):
        try:
            documents[name] = loading.load(name)
        except errors.BadInput as error:
            found += error.problems
    return join(documents, found)


def join(documents: Mapping[str, Any], known: Iterable[str] = ()) -> Document:
    """Make one document of several.

    :param documents: by the name that problems begin with, or ''
    :param known: problems that there are already
    :raises BadInput: with every problem
    """
    found = list(known)
    rules: list[Document] = []
    places: dict[str, str] = {}
    for name, document in documents.items():
        before = f'{name}: ' if name else ''
        found += [before + text for text in problems.of(document)]
        for where, rule in _rules(document):
            place = f'{before}{where}.name'
            first = places.setdefault(rule['name'], place)
            if first != place:
                label = problems.shown(rule['name'])
                found.append(f'{place}: {label} is also {first}')
            rules.append(rule)
    if found:
        raise errors.BadInput(found)
    return {'version': schema.VERSION, 'rules': rules}


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise errors.BadInput(
            [f'{path}: cannot be read: {error.strerror}']
        ) from None
    return [
        os.path.join(path, name)
        for name in names
        if name.endswith(_ENDINGS) and not name.startswith('.')
    ]


def _rules(document: Any) -> list[tuple[str, Document]]:
    """Return the rules that have a name, and where in the document."""
    rules = document.get('rules') if isinstance(document, dict) else None
    return [
        (f'rules[{k}]', rule)
        for k, rule in enumerate(rules if isinstance(rules, list) else [])
        if isinstance(rule, dict) and isinstance(rule.get('name'), str)
    ]


def _policy(document: Document) -> records.Policy:
    return records.Policy(tuple(map(_rule, document['rules'])))


def _rule(data: Document) -> records.Rule:
    given: Document = {
        key: build(data[key]) for key, build in _BUILD.items() if key in data
    }
    if 'should' in data:
        given |= {'must': False, 'weight': float(data['should'])}
    return records.Rule(data['name'], data['rule'], **given)


def _instances(data: Document) -> records.Instances:
    lists = {key: value for key, value in data.items() if key != 'metadata'}
    return records.Instances(
        metadata=dict(data.get('metadata', {})), **_tuples(lists)
    )


def _nodes(data: Document) -> records.Nodes:
    return records.Nodes(**_tuples(data))


def _over(data: str | Document) -> records.Over:
    if isinstance(data, str):
        return records.Over(data)
    return records.Over('', tuple(data['aggregates']))


def _hours(data: list[str]) -> tuple[records.Hours, ...]:
    return tuple(map(hours.parse, data))


def _keep(data: Document) -> dict[str, int]:
    return {name: int(amount) for name, amount in data.items()}


def _tuples(data: Document) -> dict[str, Any]:
    return {key: tuple(value) for key, value in data.items()}


# What JSON schema takes for whole may be 1.0.
_BUILD: dict[str, Callable[[Any], Any]] = {
    'instances': _instances,
    'others': _instances,
    'nodes': _nodes,
    'over': _over,
    'keep': _keep,
    'hours': _hours,
    'at_most': int,
    'migrations': int,
    'each': str,
    'value': float,
}
