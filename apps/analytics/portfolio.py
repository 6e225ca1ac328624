"""The portfolio: one row a site, and what needs somebody today. Only what is known; nothing is guessed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse

from apps.companies.newcomers import newcomers
from apps.core import formats
from apps.core.changes import Change, change
from apps.core.period_picker import address
from apps.destinations.models import Delivery
from apps.destinations.overall import SiteDeliveries, deliveries_overall
from apps.destinations.services import SENDABLE
from apps.installation.selectors import silences_over
from apps.installation.silence.words import views
from apps.scoring.selectors import hot_counts
from apps.sites.models import Site

from .site_health import SiteHealth, TagState, site_health
from .weeks import WEEK_DAYS, Week, weeks

DAY = timedelta(days=1)
# A site's visitors fell by so much within a week: somebody should look.
FALL_RATIO = 0.3
# As many names as a line holds.
NAMED = 3


@dataclass(frozen=True, slots=True)
class State:
    """A state as components/_state.html shows it: the tag's, the deliveries'."""

    state: str
    text: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class SiteRow:
    site: Site
    domain: str
    url: str
    health: SiteHealth
    state: State
    deliveries: State
    sent: SiteDeliveries
    visitors: int
    days: Sequence[int]
    change: Change
    companies: int
    hot: int  # companies that are hot now
    needs: int

    @property
    def spark_label(self) -> str:
        return f"{self.site.name}: visitors a day, four weeks"

    @property
    def is_waiting(self) -> bool:
        return self.health.state is TagState.WAITING

    @property
    def said(self) -> str:
        """Return what stands in place of figures where there are none."""
        if self.is_waiting:
            return "Waiting for its first event."
        if self.health.state is TagState.IMPORTED and not self.visitors:
            return "Visits of an imported log; none in these four weeks." if not self.days else ""
        return ""

    @property
    def is_broken(self) -> bool:
        return self.health.state is TagState.SILENT


@dataclass(frozen=True, slots=True)
class Need:
    """A line of the inbox. `tone`: bad, unsure, or empty for what is only good to know."""

    site: Site
    tone: str
    icon: str
    head: str
    text: str
    at: datetime | None
    url: str
    button: str = ""


@dataclass(frozen=True, slots=True)
class Portfolio:
    rows: Sequence[SiteRow]
    needs: Sequence[Need]
    calm: Sequence[Need]
    live: int
    archived: int


def portfolio(sites: Sequence[Site], *, now: datetime) -> Portfolio:
    """Return the portfolio of these sites (with clients and domains at hand).

    Eighteen queries at most, however many; six more where companies were merged.
    """
    shown = [site for site in sites if site.status != Site.Status.ARCHIVED]
    health = site_health(shown, now=now)
    by_site = weeks(shown, now=now)
    hot = hot_counts([site.id for site in shown], at=now)
    sent = deliveries_overall([site.id for site in shown], now=now)
    rows = [
        _row(site, health[site.id], by_site[site.id], hot.get(site.id, 0), sent.get(site.id, SiteDeliveries()), now)
        for site in shown
    ]
    needs = [need for row in rows for need in _needs(row, now)]
    counts: dict[int, int] = defaultdict(int)
    for need in needs:
        counts[need.site.id] += 1
    ordered = sorted(
        (_with_needs(row, counts[row.site.id]) for row in rows),
        key=lambda row: (-row.needs, row.is_waiting, -row.visitors, row.site.name),
    )
    return Portfolio(
        rows=ordered,
        needs=sorted(needs, key=lambda need: (need.tone != "bad", need.site.name)),
        calm=_calm(rows, now),
        live=sum(row.health.live for row in rows),
        archived=len(sites) - len(shown),
    )


def sentence(found: Portfolio) -> str:
    """Return the portfolio in a sentence."""
    sites = len(found.rows)
    if not sites:
        return "No sites yet."
    touched = len({need.site.id for need in found.needs})
    if not found.needs:
        return (
            f"Nothing. {'Your site is' if sites == 1 else f'All {formats.number(sites)} sites are'} as they should be."
        )
    things = f"{_counted(len(found.needs), 'thing')} at {_counted(touched, 'site')} of {formats.number(sites)}."
    rest = sites - touched
    return f"{things} Nothing urgent at the other {formats.number(rest)}." if rest else things


def _counted(number: int, noun: str) -> str:
    return f"{formats.number(number)} {noun}{'' if number == 1 else 's'}"


# --- rows and lines ---------------------------------------------------------------------------------------------------


def site_domain(site: Site) -> str:
    """Return the host that stands for a site: the first of its domains."""
    return next((domain.host for domain in site.domains.all()), "")


def _row(site: Site, health: SiteHealth, week: Week, hot: int, sent: SiteDeliveries, now: datetime) -> SiteRow:
    return SiteRow(
        site=site,
        domain=site_domain(site),
        url=reverse("analytics:site-overview", args=[site.slug]),
        health=health,
        state=_state(site, health, now),
        deliveries=_deliveries(sent),
        sent=sent,
        visitors=week.visitors,
        days=week.days if any(week.days) else [],
        change=change(week.visitors, week.before),
        companies=week.companies,
        hot=hot,
        needs=0,
    )


def _with_needs(row: SiteRow, needs: int) -> SiteRow:
    return replace(row, needs=needs)


def _state(site: Site, health: SiteHealth, now: datetime) -> State:
    since = _since(site, health.last_at, now)
    return {
        TagState.WORKING: State("good", "Working"),
        TagState.SILENT: State("bad", _alarm(site, health, now), "unplug"),
        TagState.QUIET: State("none", f"Quiet {since}"),
        TagState.WAITING: State("none", "Not seen yet"),
        TagState.PAUSED: State("none", "Paused", "pause"),
        TagState.IMPORTED: State("none", "Imported log", "scroll-text"),
        TagState.ARCHIVED: State("none", "Archived", "archive"),
    }[health.state]


def _deliveries(sent: SiteDeliveries) -> State:
    """Return what matters most of a site's deliveries: what a person has to do, then what is on its way."""
    states = sent.states
    if not sent.destinations:
        return State("none", "Not set up")
    for state in (Delivery.State.DEAD, Delivery.State.REJECTED, Delivery.State.UNCERTAIN):
        if states[state]:
            return State(state, f"{formats.number(states[state])} {state.label.lower()}")
    if sent.refused:
        return State("bad", "Refused")
    if sent.waiting:
        return State("waiting", f"{formats.number(sent.waiting)} waiting")
    if sent.arrived:
        return State("confirmed", "All arrived")
    if states[Delivery.State.WITHHELD]:
        return State("none", f"{formats.number(states[Delivery.State.WITHHELD])} withheld", "shield-off")
    return State("none", "Nothing to send", "minus")


def _alarm(site: Site, health: SiteHealth, now: datetime) -> str:
    """Return since when a site is silent; what would have come stands in the line above the table."""
    if health.silence is None:
        return "Silent"
    return f"Silent since {formats.moment(health.silence.heard_at, zone=ZoneInfo(site.time_zone), now=now)}"


def _since(site: Site, at: datetime | None, now: datetime) -> str:
    """Return how long ago in two words: "3 h 29 m", past a day the day."""
    if at is None:
        return ""
    minutes = int((now - at).total_seconds()) // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} m" if minutes >= 60 else f"{minutes} m"
    return f"since {formats.day(at, zone=ZoneInfo(site.time_zone), now=now)}"


def _needs(row: SiteRow, now: datetime) -> list[Need]:
    site, health = row.site, row.health
    needs = []
    if health.silence is not None:
        heard = formats.moment(health.silence.heard_at, zone=ZoneInfo(site.time_zone), now=now)
        needs.append(
            Need(
                site,
                "bad",
                "unplug",
                f"Tag silent since {heard}.",
                f"Usually {views(health.silence)} by now.",
                health.silence.heard_at,
                row.url,
                "Look at the site",
            )
        )
    if health.state is TagState.WAITING and now - site.created_at > DAY:
        text = "The tag isn’t on the page yet, or something keeps it from sending."
        needs.append(
            Need(site, "unsure", "tag", "Waiting for its first event.", text, site.created_at, row.url, "Get the tag")
        )
    if health.state is TagState.WORKING and _has_fallen(row):
        text = "in the last seven days, compared with the seven before."
        head = f"Visitors down {row.change.text.lstrip(formats.MINUS)}"
        url = address(row.url, [("period", "7d")])
        needs.append(Need(site, "unsure", "triangle-alert", head, text, None, url, "See what changed"))
    return [*needs, *_needs_of_destinations(row)]


def _needs_of_destinations(row: SiteRow) -> list[Need]:
    """Return a line for each destination that takes nothing, else one for what a person has to decide on."""
    site, sent = row.site, row.sent
    refused = [
        Need(
            site,
            "bad",
            "send",
            f"{destination.name} takes nothing.",
            destination.problem_words,
            destination.problem_at,
            reverse("destinations:destination", args=[site.slug, destination.id]),
            "See the fix",
        )
        for destination in sent.refused
    ]
    undecided = [
        f"{formats.number(sent.states[state])} {state.label.lower()}" for state in SENDABLE if sent.states[state]
    ]
    if refused or not undecided:
        return refused
    url = reverse("destinations:page", args=[site.slug])
    head = "Conversions that need a decision:"
    return [Need(site, "unsure", "send", head, f"{', '.join(undecided)} within a week.", None, url, "Look at them")]


def _has_fallen(row: SiteRow) -> bool:
    """Whether visitors fell, beyond chance, by a third or so."""
    return row.change.tone == "bad" and float(_percent(row.change.text)) >= 100 * FALL_RATIO


def _percent(text: str) -> str:
    return text.lstrip(f"+{formats.MINUS}").rstrip("%").replace(",", "") or "0"


def _calm(rows: Sequence[SiteRow], now: datetime) -> list[Need]:
    """Return what is good to know: companies that came for the first time, sites that just began or rest."""
    lines = []
    client_ids = {row.site.client_id for row in rows}
    fresh = newcomers(client_ids=sorted(client_ids), since=now - DAY * WEEK_DAYS)
    first_of_client: dict[int, SiteRow] = {}
    for row in sorted(rows, key=lambda row: -row.companies):
        first_of_client.setdefault(row.site.client_id, row)
    for client_id, companies in fresh.items():
        row = first_of_client[client_id]
        names = [company.name for company in companies]
        more = f" and {formats.number(len(names) - NAMED)} more" if len(names) > NAMED else ""
        url = address(reverse("companies:site-companies", args=[row.site.slug]), [("period", "7d")])
        head = f"{formats.number(len(names))} new {'company' if len(names) == 1 else 'companies'} this week:"
        lines.append(
            Need(row.site, "", "building-2", head, f"{', '.join(names[:NAMED])}{more}", companies[0].first_seen_at, url)
        )
    by_site = {row.site.id: row for row in rows}
    for silence in silences_over(by_site, now=now):
        row = by_site[silence.site_id]
        heard = formats.moment(silence.heard_at, zone=ZoneInfo(row.site.time_zone), now=now)
        lines.append(
            Need(
                row.site,
                "",
                "circle-check",
                "Heard again,",
                f"after a silence since {heard}",
                silence.ended_at,
                row.url,
            )
        )
    for row in rows:
        if row.health.state is TagState.WAITING and now - row.site.created_at <= DAY:
            lines.append(
                Need(row.site, "", "tag", "Added today,", "waiting for its first event", row.site.created_at, row.url)
            )
        if row.health.state is TagState.PAUSED:
            lines.append(Need(row.site, "", "pause", "Paused:", "nothing is counted", row.health.last_at, row.url))
    return lines
