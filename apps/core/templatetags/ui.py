"""What every template may use without loading it: figures, times, icons, addresses, and the small drawn components.

Formatting is `apps.core.formats`; this module only makes it safe HTML and hands it the request's address.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import changes, clock, countries, formats, maps, sparks

register = template.Library()

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
# The page number belongs to one choice of everything else: any other change of the address starts at the first page.
PAGE_PARAMETER = "page"

# --- figures ----------------------------------------------------------------------------------------------------------


@register.filter
def number(value: float | int | None, decimals: int | None = None) -> str:
    """`{{ visits|number }}` 1,234; `{{ views|number:2 }}` 2.97."""
    return formats.number(value, decimals)


@register.filter
def short_number(value: float | int | None) -> str:
    """`{{ visits|short_number }}` 12.4k."""
    return formats.short_number(value)


@register.filter
def percent(ratio: float | None, decimals: int = 1) -> str:
    """`{{ bounce|percent }}` 41.6%, from a ratio 0-1."""
    return formats.percent(ratio, decimals)


@register.filter
def share(ratio: float | None) -> str:
    """`{{ part|share }}` 35%, <1%: for rows."""
    return formats.share(ratio)


@register.filter
def duration(seconds: float | int | None) -> str:
    """`{{ seconds|duration }}` 2m 05s."""
    return formats.duration(seconds)


@register.filter
def duration_ms(milliseconds: float | int | None) -> str:
    """`{{ engaged_ms|duration_ms }}` 2m 05s."""
    return formats.duration(None if milliseconds is None else milliseconds / 1000)


@register.filter
def signed(value: float | int | None, decimals: int | None = None) -> str:
    """`{{ difference|signed }}` +12."""
    return formats.signed(value, decimals)


@register.filter
def initials(name: str) -> str:
    """`{{ company.name|initials }}` VA."""
    return formats.initials(name)


@register.filter
def country(code: str | None) -> str:
    """`{{ "DE"|country }}` Germany; an empty code is Unknown."""
    return countries.country_name(code or "")


# --- times ------------------------------------------------------------------------------------------------------------


def _zone(zone: str | tzinfo | None) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) and zone else zone if isinstance(zone, tzinfo) else UTC


def _time(at: datetime, text: str, zone: tzinfo, component: str = "") -> SafeString:
    attribute = format_html(' data-component="{}"', component) if component else ""
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>', at.isoformat(), formats.exact(at, zone=zone), attribute, text
    )


@register.filter
def local_time(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ at|local_time:site.timezone }}`: 09:41 today, else with its day; the exact moment on hover."""
    if at is None:
        return formats.NONE
    return _time(at, formats.moment(at, zone=_zone(zone), now=clock.now()), _zone(zone))


@register.filter
def local_moment(at: datetime, zone: str | tzinfo | None = None) -> str:
    """`{{ at|local_moment:zone }}`: as local_time, text alone: for an <option>, which holds no elements."""
    return formats.moment(at, zone=_zone(zone), now=clock.now())


@register.filter
def local_clock(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ at|local_clock:zone }}`: 09:41:07, for feeds and timelines under a day's heading."""
    if at is None:
        return formats.NONE
    return _time(at, f"{at.astimezone(_zone(zone)):%H:%M:%S}", _zone(zone))


@register.filter
def local_day(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ at|local_day:zone }}`: Fri 20 Nov."""
    if at is None:
        return formats.NONE
    return _time(at, formats.weekday(at, zone=_zone(zone), now=clock.now()), _zone(zone))


@register.filter
def ago(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ at|ago:zone }}`: 4 s ago, and goes on counting in the browser; past a day the date."""
    if at is None:
        return "never"
    return _time(at, formats.ago(at, zone=_zone(zone), now=clock.now()), _zone(zone), "ago")


@register.filter
def since(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ visit.started_at|since:zone }}`: 4m 10s, and goes on counting in the browser."""
    if at is None:
        return formats.NONE
    seconds = max(0.0, (clock.now() - at).total_seconds())
    return _time(at, formats.duration(seconds), _zone(zone), "since")


# --- icons and theme --------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """`{% icon "search" %}`, `{% icon "x" "s" %}` for 14 px; with `label` it is read out, without it is decoration."""
    size_class = f" icon-{size}" if size else ""
    href = f"{static('dist/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon{}" role="img" aria-label="{}"><use href="{}"/></svg>', size_class, label, href
        )
    return format_html('<svg class="icon{}" aria-hidden="true"><use href="{}"/></svg>', size_class, href)


@register.simple_tag
def logo() -> SafeString:
    """Beacon's mark, in the accent."""
    return format_html('<svg class="logo" aria-hidden="true"><use href="{}#logo"/></svg>', static("dist/icons.svg"))


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The colour scheme that this browser chose: `light`, `dark`, or empty for what the system says."""
    request = context.get("request")
    chosen = request.COOKIES.get(THEME_COOKIE, "") if isinstance(request, HttpRequest) else ""
    return chosen if chosen in THEMES else ""


# --- addresses --------------------------------------------------------------------------------------------------------


def _query(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if isinstance(request, HttpRequest) else QueryDict(mutable=True)


def _address(query: QueryDict, path: str = "") -> str:
    # A path that begins with two slashes would be another host's address.
    path = "/" + path.lstrip("/\\") if path else ""
    text = urlencode([(name, value) for name, values in query.lists() for value in values])
    return f"{path}?{text}" if text else path or "?"


@register.simple_tag(takes_context=True)
def url_with(context: Context, to: str = "", **changed: object) -> str:
    """This page's address with parameters set, or taken out where the value is None or empty.

    `{% url_with sort="-visits" %}`; `to` is another path of this host. Back to the first page unless `page` is given.
    """
    query = _query(context)
    query.pop(PAGE_PARAMETER, None)
    for name, value in changed.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return _address(query, to)


@register.simple_tag(takes_context=True)
def url_add(context: Context, to: str = "", **added: object) -> str:
    """This page's address with one more value of each parameter: `{% url_add f="is,country,DE" %}`."""
    query = _query(context)
    query.pop(PAGE_PARAMETER, None)
    for name, value in added.items():
        if str(value) not in query.getlist(name):
            query.appendlist(name, str(value))
    return _address(query, to)


@register.simple_tag(takes_context=True)
def url_drop(context: Context, to: str = "", **dropped: object) -> str:
    """This page's address without one value of each parameter: `{% url_drop f="is,country,DE" %}`."""
    query = _query(context)
    query.pop(PAGE_PARAMETER, None)
    for name, value in dropped.items():
        query.setlist(name, [kept for kept in query.getlist(name) if kept != str(value)])
    return _address(query, to)


@register.inclusion_tag("components/_hidden.html", takes_context=True)
def hidden_query(context: Context, without: str = "") -> dict[str, object]:
    """Hidden inputs of this address's parameters, for GET forms that change some: `{% hidden_query "q page" %}`."""
    left_out = {PAGE_PARAMETER, *without.split()}
    pairs = [(name, value) for name, values in _query(context).lists() if name not in left_out for value in values]
    return {"pairs": pairs}


@register.inclusion_tag("components/_sort.html", takes_context=True)
def sort_header(
    context: Context, label: str, name: str, *, numeric: bool = False, default: str = "", cls: str = ""
) -> dict[str, object]:
    """A column head that sorts: `{% sort_header "Visits" "visits" numeric=True default="-last_seen" %}`.

    The address says `sort=visits` or `sort=-visits`; `default` is the order without it. Figures sort downwards first.
    """
    current = _query(context).get("sort") or default
    direction = {name: "ascending", f"-{name}": "descending"}.get(current, "")
    first, second = (f"-{name}", name) if numeric else (name, f"-{name}")
    following = second if current == first else first
    url = url_with(context, sort=None if following == default else following)
    return {"label": label, "url": url, "direction": direction, "numeric": numeric, "cls": cls}


# --- drawn components -------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/_delta.html")
def delta(
    now: float | None, before: float | None, kind: str = "count", better: str = "up", sample: int | None = None
) -> dict[str, object]:
    """`{% delta now before kind="ratio" better="down" %}`: arrow, sign, word. Kinds: count, ratio, duration, value."""
    return {"change": changes.change(now, before, kind=changes.Kind(kind), better=better, sample=sample)}


@register.inclusion_tag("components/_sparkline.html")
def sparkline(values: Sequence[float], label: str = "", last: int = 7, broken: bool = False) -> dict[str, object]:
    """`{% sparkline site.days label="Visitors a day, four weeks" %}`; `broken` where the tag is silent."""
    return {"spark": sparks.spark(values, last=last), "label": label, "broken": broken}


@register.inclusion_tag("components/_columns.html")
def columns(values: Sequence[float], label: str = "", start: str = "", end: str = "") -> dict[str, object]:
    """`{% columns minutes label="…" start="−30 min" end="now" %}`: a small column chart, the last one in the accent."""
    return {"columns": sparks.columns(values), "label": label, "start": start, "end": end}


@register.inclusion_tag("components/_world.html")
def world_map(
    label: str,
    values: Mapping[str, float] | None = None,
    urls: Mapping[str, str] | None = None,
    places: Sequence[maps.Place] = (),
    texts: Mapping[str, str] | None = None,
    named: Sequence[maps.Named] = (),
) -> dict[str, Any]:
    """`{% world_map "What it shows" values=countries urls=urls places=places %}`: the world, countries shaded by
    `values` (code to figure), with a disc for each of `places`.

    `urls`: where pressing a country leads. `texts`: what a country's tooltip says after its name, else the figure.
    `named`: places that stand out, as diamonds with their names.
    """
    values = values or {}
    shapes = [
        {
            "code": code,
            "level": level,
            "url": (urls or {}).get(code, ""),
            "title": f"{countries.country_name(code)}: {(texts or {}).get(code) or formats.number(values[code])}",
        }
        for code, level in sorted(maps.shades(values).items(), key=lambda pair: pair[1])
    ]
    return {
        "shapes": shapes,
        "dots": maps.dots(places),
        "diamonds": maps.diamonds(named),
        "label": label,
        "source": static("dist/world.svg"),
    }


@register.inclusion_tag("components/_field.html")
def form_field(
    field: BoundField, label: str = "", help: str = "", cls: str = "", suffix: str = "", bare: bool = False
) -> dict[str, Any]:
    """A form's field with its label, help and errors: `{% form_field form.email %}`.

    `cls` adds classes to the control (`short`, `tiny`), `suffix` stands at its end (".beacon.example"). `bare`: the
    label is only read out, because a settings row already shows it.
    """
    widget = field.field.widget
    kind = _kind(widget)
    help_text = help or field.help_text
    described = [f"{field.id_for_label}-help"] if help_text else []
    described += [f"{field.id_for_label}-error"] if field.errors else []
    attributes: dict[str, Any] = {} if kind == "group" else {"class": f"{kind} {cls}".strip()}
    if described and kind != "group":
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return {
        "field": field,
        "control": field.as_widget(attrs=attributes),
        "kind": kind,
        "label": label or field.label,
        "help": help_text,
        "suffix": suffix,
        "bare": bare,
    }


@register.simple_tag
def form_control(field: BoundField, cls: str = "") -> SafeString:
    """A form's control alone, for a row whose label stands elsewhere: `{% form_control form.name cls="short" %}`.

    A check box becomes a switch. The row says why under the id `<field>-why` and errors under `<field>-error`.
    """
    kind = _kind(field.field.widget)
    attributes: dict[str, Any] = {"aria-describedby": f"{field.id_for_label}-why"}
    if field.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{field.id_for_label}-error"}
    if kind == "check":
        attributes |= {"class": "toggle", "role": "switch"}
    elif kind != "group":
        attributes["class"] = f"{kind} {cls}".strip()
    return field.as_widget(attrs=attributes)


def _kind(widget: object) -> str:
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, Select):
        return "select"
    return "textarea" if isinstance(widget, Textarea) else "input"
