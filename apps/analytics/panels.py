"""The overview's panels: which there are, their tabs, and their rows as components/_bars.html draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.companies.knowledge.ignoring import ignored_ids
from apps.companies.selectors import company_names, new_company_ids
from apps.core import formats
from apps.core.countries import NAMES, country_name
from apps.networks.labels import LABELS as NETWORK_LABELS
from apps.networks.labels import network_label
from apps.tracking.filters import FIELDS, Op

from .breakdowns import DIMENSIONS, Asked, Breakdown, Dimension, Row, Sort, breakdown
from .labels import DEVICES, LANGUAGES
from .report import Report

MAP_COUNTRIES = 300
PLACE_ROWS = 5
COMPANY_ROWS = 10


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    title: str
    tabs: Sequence[Tab]
    rows: int = 8


def _tabs(*pairs: tuple[str, str]) -> list[Tab]:
    return [Tab(name, label, DIMENSIONS[name]) for name, label in pairs]


_PANELS = (
    Panel("channels", "Channels", _tabs(("channels", "Channels"), ("sources", "Sources"), ("campaigns", "Campaigns"))),
    Panel("pages", "Pages", _tabs(("pages", "Top"), ("entries", "Entry"), ("exits", "Exit"))),
    Panel("places", "Places", _tabs(("countries", "Countries"), ("regions", "Regions"), ("cities", "Cities"))),
    Panel(
        "companies",
        "Companies",
        [
            Tab("companies", "By visits", DIMENSIONS["companies"]),
            Tab("new", "New", DIMENSIONS["companies"]),
            Tab("networks", "Networks", DIMENSIONS["networks"]),
        ],
    ),
    Panel(
        "devices",
        "Devices",
        _tabs(("devices", "Device"), ("browsers", "Browser"), ("systems", "System"), ("languages", "Language")),
        rows=6,
    ),
    Panel("events", "Events", _tabs(("events", "Events")), rows=6),
)
PANELS: dict[str, Panel] = {panel.name: panel for panel in _PANELS}


@dataclass(frozen=True, slots=True)
class BarRow:
    """A row as components/_bars.html wants it."""

    name: str
    value: str
    share: str
    width: float
    url: str
    title: str
    code: str = ""
    icon: str = ""
    is_unknown: bool = False
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class PanelTab:
    url: str
    label: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class PanelView:
    """What a panel shows. `shades`: visitors by country's code, where there is a map."""

    panel: Panel
    tab: Tab
    tabs: Sequence[PanelTab]
    rows: Sequence[BarRow]
    found: int
    all_url: str
    all_label: str
    note: str
    empty: str
    shades: Mapping[str, int] = field(default_factory=dict)
    shade_urls: Mapping[str, str] = field(default_factory=dict)


def panel_view(report: Report, panel: Panel, tab_name: str, metric: str) -> PanelView:
    """Return a panel with one of its tabs. Two queries; one more for the names of companies or for the map."""
    tab = next((tab for tab in panel.tabs if tab.name == tab_name), panel.tabs[0])
    found = breakdown(
        site_id=report.site.id,
        period=report.period,
        filters=report.filters,
        dimension=tab.dimension,
        asked=_asked(report, tab),
    )
    names = row_names(found)
    is_places = panel.name == "places"
    rows = bar_rows(report, found, names, metric)
    shown = rows[: PLACE_ROWS if is_places else panel.rows] if tab.dimension.name != "companies" else rows
    return PanelView(
        panel=panel,
        tab=tab,
        tabs=_panel_tabs(report, panel, tab, metric) if len(panel.tabs) > 1 else [],
        rows=shown,
        found=found.found,
        all_url=_all_url(report, tab),
        all_label=_all_label(found, len(shown)),
        note=_note(found, tab),
        empty=_empty(report, tab),
        shades={row.key: row.tally.visitors for row in found.rows if row.key} if tab.name == "countries" else {},
        shade_urls=_shade_urls(report, found, metric) if tab.name == "countries" else {},
    )


def bar_rows(report: Report, found: Breakdown, names: Mapping[str, str], metric: str) -> list[BarRow]:
    chosen = report.filters.of(found.dimension.field)
    current = chosen.values if chosen and chosen.op is Op.IS else ()
    return [_bar_row(report, found, row, names[row.key], metric, is_current=row.key in current) for row in found.rows]


def row_names(found: Breakdown) -> dict[str, str]:
    """Return the rows' values in words, by key. One query for companies, else none."""
    if found.dimension.name == "companies":
        names = company_names({int(row.key) for row in found.rows if row.key})
        return {row.key: names.get(int(row.key or 0), "Company that was removed") for row in found.rows}
    return {row.key: _name(found.dimension, row) for row in found.rows}


def search_keys(dimension: Dimension, search: str) -> list[str] | None:
    """Return the stored values whose names hold `search`, where names aren't what is stored; else None."""
    wanted = search.casefold()
    tables: dict[str, Mapping[str, str]] = {
        "countries": NAMES,
        "networks": NETWORK_LABELS,
        "languages": LANGUAGES,
    }
    if not search or dimension.name not in tables:
        return None
    return [str(key) for key, name in tables[dimension.name].items() if wanted in name.casefold()]


def _asked(report: Report, tab: Tab) -> Asked:
    if tab.name == "countries":
        return Asked(limit=MAP_COUNTRIES)
    if tab.name == "new":
        fresh = new_company_ids(client_ids=[report.site.client_id], since=report.period.span.start)
        return Asked(sort=Sort.VISITS, limit=COMPANY_ROWS, search_keys=fresh)
    if tab.name == "companies":
        ignored = ignored_ids([report.site.client_id]).get(report.site.client_id, set())
        return Asked(sort=Sort.VISITS, limit=COMPANY_ROWS, without_keys=sorted(ignored))
    return Asked()


def _bar_row(report: Report, found: Breakdown, row: Row, name: str, metric: str, *, is_current: bool) -> BarRow:
    dimension = found.dimension
    is_unknown = dimension.leaves_out_empty is False and row.value in ("", None, FIELDS[dimension.field].unknown)
    counted = row.tally.visits if dimension.name == "companies" else row.tally.visitors
    return BarRow(
        name=name,
        value=formats.number(counted),
        share=formats.share(row.ratio),
        width=row.bar,
        url=_row_url(report, dimension, row, metric),
        title=f"{name}: {formats.number(counted)}",
        code=str(row.values[0] or "") if "country" in dimension.columns else "",
        icon=_icon(dimension, row),
        is_unknown=is_unknown,
        is_current=is_current,
    )


def _row_url(report: Report, dimension: Dimension, row: Row, metric: str) -> str:
    """Return where a pressed row leads: to the overview narrowed to it; a company to its page."""
    if dimension.name == "companies":
        return report.company_url(row.key)
    return report.url("site-overview", filters=report.filters.narrowed(dimension.field, row.key), metric=metric)


def _name(dimension: Dimension, row: Row) -> str:
    value = str(row.value or "")
    if dimension.name == "networks":
        return network_label(value)
    if not value or value == FIELDS[dimension.field].unknown:
        return _unknown_name(dimension, row)
    if dimension.name == "countries":
        return country_name(value)
    if dimension.name == "devices":
        return DEVICES.get(value, (value.capitalize(), ""))[0]
    if dimension.name == "languages":
        return LANGUAGES.get(value, value)
    return value


def _unknown_name(dimension: Dimension, row: Row) -> str:
    """Return what a row without a value is called: a place within a known country names that."""
    if dimension.name in ("regions", "cities") and row.values[0]:
        return f"Unknown, {country_name(str(row.values[0]))}"
    return "Unknown"


def _icon(dimension: Dimension, row: Row) -> str:
    if dimension.name != "devices":
        return ""
    return DEVICES.get(str(row.value), ("", "circle-dashed"))[1]


def _panel_tabs(report: Report, panel: Panel, current: Tab, metric: str) -> list[PanelTab]:
    return [
        PanelTab(
            url=report.url("site-panel", panel.name, tab=tab.name, metric=metric),
            label=tab.label,
            is_current=tab is current,
        )
        for tab in panel.tabs
    ]


def _all_url(report: Report, tab: Tab) -> str:
    if tab.dimension.name == "companies":
        return report.companies_url()
    return report.url("site-breakdown", tab.dimension.name)


def _all_label(found: Breakdown, shown: int) -> str:
    if found.found <= shown:
        return f"All {found.dimension.plural}"
    return f"All {formats.number(found.found)} {found.dimension.plural}"


def _note(found: Breakdown, tab: Tab) -> str:
    """Return what must be known of the figures: what is counted, and the share about which nothing is known."""
    if tab.name == "pages":
        return "a visitor counts on each page"
    if tab.name == "events":
        return "share of visitors"
    known = formats.share(1 - found.unknown_ratio)
    if tab.dimension.name == "companies":
        return f"{known} of visitors are of a known company" if found.visitors else ""
    if tab.dimension.leaves_out_empty:
        return f"{known} of visitors came by one" if tab.name == "campaigns" and found.visitors else ""
    return f"{formats.share(found.unknown_ratio)} unknown" if found.unknown_ratio else ""


def _empty(report: Report, tab: Tab) -> str:
    sayings = {
        "campaigns": "No visit came by a link with utm_campaign.",
        "events": "No events. Send them with beacon('event', 'Name') on the page.",
        "companies": "No visit came from a network that is registered to a company.",
        "new": "No company was here for the first time.",
    }
    return sayings.get(tab.name, "No visits with these filters." if report.filters else "No visits in this period.")


def _shade_urls(report: Report, found: Breakdown, metric: str) -> dict[str, str]:
    return {
        row.key: report.url("site-overview", filters=report.filters.narrowed("country", row.key), metric=metric)
        for row in found.rows
        if row.key
    }
