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

"""Whether a value satisfies what an extra spec of a flavor says.

The first word of an extra spec may be an operator: numbers are compared with
=, ==, !=, >= and <=, texts with those that begin with s; <in>, <all-in> and
<or> look for one text, for all and for any. Anything else is the value.
"""

from __future__ import annotations

from collections.abc import Iterable


class NoNumber(Exception):
    """Something to be compared as a number is none."""


def satisfied(values: Iterable[str], wanted: str) -> bool:
    """One of the values satisfies it, and none cannot be compared."""
    answers = []
    for value in values:
        try:
            answers.append(_satisfies(value, wanted))
        except NoNumber:
            return False
    return True in answers


def _satisfies(value: str, wanted: str) -> bool:
    words = wanted.split()
    if not words:
        return value == wanted
    operator, operands = words[0], words[1:]
    if operator == '<or>':
        return any(
            operand == value
            for position, operand in enumerate(operands)
            if position % 2 == 0
        )
    if operator in ('=', '==', '!=', '>=', '<='):
        return bool(operands) and _numbers(value, operator, operands[0])
    if operator in ('s==', 's!=', 's<', 's<=', 's>', 's>='):
        return bool(operands) and _texts(value, operator[1:], operands[0])
    if operator == '<in>':
        return bool(operands) and operands[0] in value
    if operator == '<all-in>':
        return bool(operands) and not any(
            operand not in value for operand in operands
        )
    return value == wanted


def _numbers(value: str, operator: str, operand: str) -> bool:
    try:
        here, there = float(value), float(operand)
    except ValueError:
        raise NoNumber from None
    if operator == '==':
        return here == there
    if operator == '!=':
        return here != there
    # A single = asks for at least as much.
    return here <= there if operator == '<=' else here >= there


def _texts(value: str, operator: str, operand: str) -> bool:
    if value == operand:
        return operator in ('==', '<=', '>=')
    if operator == '!=':
        return True
    return operator in (('<', '<=') if value < operand else ('>', '>='))
