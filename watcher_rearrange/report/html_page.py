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

"""A plan as one page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report import glyphs
from watcher_rearrange.report import sections
from watcher_rearrange.report import svg
from watcher_rearrange.report import tables
from watcher_rearrange.report.outcome import final_state
from watcher_rearrange.report.usage import Usage


_STYLE = """
body { font: 14px/1.4 sans-serif; margin: 2em auto; max-width: 75em;
  padding: 0 1em; color: #222; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; }
.pair { display: flex; flex-wrap: wrap; gap: 2em; }
.pair > div { min-width: 24em; }
.scroll { overflow-x: auto; max-height: 60em; overflow-y: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #ddd; padding: 2px 8px; text-align: left; }
th { position: sticky; top: 0; background: #fff; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
svg text { font-family: sans-serif; }
"""


def render_page(
    snapshot: records.Snapshot, result: plan.Plan, title: str
) -> str:
    """The whole page: heat maps before and after, timeline, tables."""
    parts = [
        f'<h1>{svg.escape(title)}</h1>',
        f'<p><strong>{svg.escape(tables.status_text(result))}</strong></p>',
        *_messages(result),
        *_heat_maps(snapshot, result),
        *_timeline(snapshot, result),
        *map(_table, sections.plan_sections(snapshot, result)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        'content="default-src \'none\'; style-src \'unsafe-inline\'">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{svg.escape(title)}</title><style>{_STYLE}</style></head>\n'
        '<body>\n' + '\n'.join(parts) + '\n</body></html>\n'
    )


def _messages(result: plan.Plan) -> Iterator[str]:
    if result.messages:
        items = ''.join(f'<li>{svg.escape(m)}</li>' for m in result.messages)
        yield f'<ul>{items}</ul>'


def _heat_maps(snapshot: records.Snapshot, result: plan.Plan) -> Iterator[str]:
    before, after = Usage.of(snapshot), Usage.of(final_state(snapshot, result))
    yield '<h2>Compute nodes</h2>'
    yield (
        '<p>One square a node, from green (empty) to red (full); violet is '
        f'above its capacity. {svg.escape(glyphs.LEGEND)}</p>'
    )
    for resource_class in before.resource_classes:
        yield '<div class="pair">'
        for name, state in (('before', before), ('after', after)):
            used = glyphs.percent(state.ratio(resource_class))
            yield (
                f'<div><h3>{svg.escape(resource_class)} {name}, '
                f'{svg.escape(used)} in use</h3>'
                f'{svg.heat_map(state, resource_class)}</div>'
            )
        yield '</div>'


def _timeline(snapshot: records.Snapshot, result: plan.Plan) -> Iterator[str]:
    if not result.actions:
        return
    keys = ' '.join(
        f'<svg width="12" height="12"><rect width="12" height="12" '
        f'fill="{colour}"/></svg> {svg.escape(kind.replace("_", " "))}'
        for kind, colour in svg.COLOURS.items()
    )
    yield '<h2>Timeline</h2>'
    yield (
        '<p>Each action as soon as its parents are done, by their estimates, '
        f'with no limit on how many run at once. {keys}</p>'
    )
    labels = sections.instance_labels(snapshot)
    yield f'<div class="scroll">{svg.timeline(result, labels)}</div>'


def _table(section: sections.Section) -> str:
    numeric = [column in section.numeric for column in section.columns]
    head = _cells('th', section.columns, numeric)
    body = '\n'.join(
        f'<tr>{_cells("td", row, numeric)}</tr>' for row in section.rows
    )
    return (
        f'<h2>{svg.escape(section.title)}</h2><div class="scroll"><table>'
        f'<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cells(tag: str, texts: tuple[str, ...], numeric: list[bool]) -> str:
    return ''.join(
        f'<{tag} class="number">{svg.escape(text)}</{tag}>'
        if right
        else f'<{tag}>{svg.escape(text)}</{tag}>'
        for text, right in zip(texts, numeric, strict=True)
    )
