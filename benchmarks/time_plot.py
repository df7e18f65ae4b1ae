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
"""Curves over time as an SVG picture, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence


WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 80, 20, 45
COLORS = (
    '#1b6ca8',
    '#c0392b',
    '#2e8b57',
    '#8e44ad',
    '#d68910',
    '#16a085',
    '#7f8c8d',
    '#2c3e50',
    '#b03a8c',
    '#6b8e23',
)

Curve = Sequence[tuple[float, float]]


def svg(curves: Mapping[str, Curve], x_name: str, y_name: str) -> str:
    """Return a picture of some curves, both axes from 0."""
    points = [point for curve in curves.values() for point in curve]
    x_top = _round_up(max((x for x, _ in points), default=1.0))
    y_top = _round_up(max((y for _, y in points), default=1.0))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(x_top, y_top),
        _text(WIDTH / 2, HEIGHT - 8, x_name, 'middle'),
        _text(8, 14, y_name, 'start'),
    ]
    for k, (name, curve) in enumerate(curves.items()):
        parts += _curve(name, curve, COLORS[k % len(COLORS)], (x_top, y_top))
    return '\n'.join([*parts, '</svg>', ''])


def _round_up(value: float) -> float:
    step = 1.0
    while step * 10 < value:
        step *= 10
    while step * 5 < value:
        step *= 2
    return step * max(1, -int(-value // step))


def _place(
    point: tuple[float, float], top: tuple[float, float]
) -> tuple[float, float]:
    x = LEFT + point[0] / top[0] * (WIDTH - LEFT - RIGHT)
    y = HEIGHT - BOTTOM - point[1] / top[1] * (HEIGHT - TOP - BOTTOM)
    return round(x, 1), round(y, 1)


def _axes(x_top: float, y_top: float) -> list[str]:
    parts = []
    for k in range(6):
        x, y = _place((x_top * k / 5, y_top * k / 5), (x_top, y_top))
        low, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts += [
            f'<path d="M{x} {low}V{TOP}M{LEFT} {y}H{right}" stroke="#ddd"/>',
            _text(x, low + 16, f'{x_top * k / 5:g}', 'middle'),
            _text(LEFT - 6, y + 4, f'{y_top * k / 5:g}', 'end'),
        ]
    return parts


def _curve(
    name: str, curve: Curve, color: str, top: tuple[float, float]
) -> list[str]:
    places = [_place(point, top) for point in curve]
    if not places:
        return []
    line = ' '.join(f'{x},{y}' for x, y in places)
    x, y = places[-1]
    return [
        f'<polyline points="{line}" fill="none" stroke="{color}" '
        'stroke-width="2"/>',
        _text(x + 4, y + 4, name, 'start', color),
    ]


def _text(
    x: float, y: float, text: str, anchor: str, color: str = '#333'
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}">'
        f'{text}</text>'
    )
