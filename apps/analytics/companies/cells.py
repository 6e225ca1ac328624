"""The cells of the list's page. Written out rather than in a template: a page has some five hundred of them."""

from collections.abc import Hashable, Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.formats import initials
from apps.core.templatetags.ui import icon

from .columns import Column, Shown

_WATCHED = '<span class="watch over" title="{}">{}<span class="vh">{}</span></span>'


def cells_put(rows: Sequence[Shown], columns: Sequence[Column]) -> None:
    """Give each row its cells, the company's own first. What rows share is drawn once."""
    drawn: list[dict[Hashable, SafeString]] = [{} for _ in columns]
    for one in rows:
        cells = [_name_cell(one)]
        for column, known in zip(columns, drawn, strict=True):
            key = one.row.id if column.rests_on is None else column.rests_on(one)
            cell = known.get(key)
            if cell is None:
                cell = known[key] = _cell(column, one)
            cells.append(cell)
        one.cells = SafeString("".join(cells))  # of nothing but escaped pieces


def _name_cell(one: Shown) -> SafeString:
    """Return what components/_monogram.html and a link make of a company: fifty templates would take far longer."""
    kind = "" if one.row.kind == "business" else f" · {one.kind}"
    watched = one.watched_by
    return format_html(
        '<td role="cell" class="c-name"><span class="who"><span class="mono-mark" aria-hidden="true">{}</span>'
        '<a class="rowlink" href="{}">{}</a>{}<small>{}{}</small></span></td>',
        initials(one.row.name),
        one.url,
        one.row.name,
        format_html(_WATCHED, watched, icon("eye", "s"), watched) if watched else "",
        one.row.domain,
        kind,
    )


def _cell(column: Column, one: Shown) -> SafeString:
    attributes = column.cell_cls, column.cell_label
    return format_html('<td role="cell" class="{}"{}>{}</td>', *attributes, column.drawn(one))
