"""`{% load scores %}`: scores and temperatures as pages show them."""

from django import template

from ..formulas import as_shown

register = template.Library()

TEMPERATURES = {"hot": "Hot", "warm": "Warm", "cold": "Cold"}
# The bar has a gap of two hundredths before warm begins and before hot does: from, and how wide, of 100.
SEGMENTS = ((0, 39), (41, 28), (71, 29))


@register.inclusion_tag("components/_score.html")
def score(total: float | None, temperature: str) -> dict[str, object]:
    """`{% score total temperature %}`: a score of 0 to 100, a figure and its bar; a dash for None: there is none."""
    points = None if total is None else as_shown(total)
    widths = [(start, min(max((points or 0) - start, 0), width)) for start, width in SEGMENTS]
    return {
        "score": points,
        "temperature": temperature or "cold",
        "tracks": SEGMENTS,
        "fills": [one for one in widths if one[1]],
    }


@register.inclusion_tag("components/_temperature.html")
def temperature(value: str) -> dict[str, str]:
    """`{% temperature "warm" %}`: a word, a shape, a colour; a dash where there is no score yet."""
    return {"value": value, "label": TEMPERATURES.get(value, "")}
