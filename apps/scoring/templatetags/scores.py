"""`{% load scores %}`: scores and temperatures as pages show them. Written out here: a list has a hundred of them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.core.templatetags.ui import icon

from ..formulas import as_shown

register = template.Library()

TEMPERATURES = {"hot": "Hot", "warm": "Warm", "cold": "Cold"}
# The bar has a gap of two hundredths before warm begins and before hot does: from, and how wide, of 100.
SEGMENTS = ((0, 39), (41, 28), (71, 29))
_NONE = mark_safe('<span class="quiet" title="No score yet">–</span>')
_TRACKS = "".join(f'<rect class="track" x="{start}" width="{width}" height="4"/>' for start, width in SEGMENTS)


@register.simple_tag
def score(total: float | None, temperature: str) -> SafeString:
    """`{% score total temperature %}`: a score of 0 to 100, a figure and its bar; a dash for None: there is none."""
    if total is None:
        return _NONE
    points = as_shown(total)
    widths = ((start, min(points - start, width)) for start, width in SEGMENTS)
    fills = "".join(
        f'<rect class="fill" x="{start}" width="{width}" height="4"/>' for start, width in widths if width > 0
    )
    return format_html(
        '<span class="score" data-temp="{}"><b>{}</b>'
        '<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">{}</svg></span>',
        temperature or "cold",
        points,
        mark_safe(_TRACKS + fills),  # whole numbers alone
    )


@register.simple_tag
def temperature(value: str) -> SafeString:
    """`{% temperature "warm" %}`: a word, a shape, a colour; a dash where there is no score yet."""
    label = TEMPERATURES.get(value)
    if label is None:
        return _NONE
    return format_html('<span class="temp" data-temp="{}">{}{}</span>', value, icon(f"t-{value}"), label)
