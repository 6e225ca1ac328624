"""Links that the agency gives to single companies: values of a parameter of a site's addresses (`?c=varnholt`)."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from apps.core import clock
from apps.networks.domains import a_labels, is_anybodys, registrable_domain
from apps.sites.models import Site
from apps.sites.parameters import NAME
from apps.sites.services import site_set_company_parameter
from apps.tracking.company_links import visits_queries
from apps.tracking.steps.company_clues import LONGEST_VALUE, parameter_value
from apps.tracking.steps.scrub import scrub_query

from ..clues import own_domains
from ..correcting import NOT_THEIRS, companies_came
from ..corrections import corrections_in_force
from ..locks import matching_lock
from ..models import LinkValue
from ..naming import names_settle
from .links_work import links_begin

MOST_LINKS = 5_000
LONGEST_NAME = 200
PREVIEW_DAYS = 30
VALUE = re.compile(r"[\w.~-]+")
# A first line such as "value,domain,name" says what the columns are.
HEAD = {"value", "code", "parameter", "wert"}
COLUMNS = ("value", "domain", "name")
QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class Link:
    """A value, in lower case, and whose it is. `name` empty: the domain stands for it until somebody knows more."""

    value: str
    domain: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A link, and how many stored visits came by it."""

    link: Link
    visits: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What somebody who sees some clients alone may name: companies that came to them, and what stands there already.

    `standing`: domains with names. A company's name is the whole agency's, so that nobody limited adds one.
    """

    client_ids: Collection[int]
    standing: Collection[tuple[str, str]]


class LinksWrong(ValueError):
    """Lines that can't be taken: each said with its number, what is wrong, and how to mend it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = list(faults)


def parameter_clean(written: str) -> str:
    """Return a parameter's name in lower case; empty where none is written. Raises ValueError with words for people."""
    name = written.strip().lstrip("?&").removesuffix("=").lower()
    if name and not NAME.fullmatch(name):
        raise ValueError(f"{written.strip()!r} isn’t the name of a parameter: write letters and digits, such as c.")
    return name


def links_parse(text: str, *, own: set[str], limits: Limits | None = None) -> list[Link]:
    """Return the links in `text`: one a line, value, domain and name, parted by commas, semicolons or tabs.

    `own`: domains of whoever runs the site, which no visitor's company has. `limits`: what somebody who sees some
    clients alone may name; None: anything. One query with limits. Raises LinksWrong.
    """
    faults: dict[int, str] = {}
    read: dict[int, Link] = {}
    for number, cells in _rows(text, faults):
        try:
            read[number] = _link(cells, own)
        except ValueError as error:
            faults[number] = str(error)
    if limits is not None:
        faults |= _refused(read, limits)
    found: dict[str, Link] = {}
    for number, link in read.items():
        if found.setdefault(link.value, link) != link:
            faults.setdefault(number, f"{link.value} stands there twice, for different companies.")
    said = [f"Line {number}: {fault}" for number, fault in sorted(faults.items())]
    if len(found) > MOST_LINKS:
        said.append(f"{MOST_LINKS:,} links at most; these are {len(found):,}.")
    if said:
        raise LinksWrong(said)
    return list(found.values())


def _rows(text: str, faults: dict[int, str]) -> Iterator[tuple[int, list[str]]]:
    """Return the lines that hold anything, cut into cells, with their numbers, without the head; note what is wrong."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    separator = ","
    for place, (number, line) in enumerate(lines):
        if place == 0:
            bare = QUOTED.sub("", line)
            separator = next((mark for mark in ("\t", ";") if mark in bare), ",")
        try:
            row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        except csv.Error as error:
            faults[number] = str(error)
            continue
        cells = [cell.strip() for cell in row]
        # A value may be called so as well: then a domain stands beside it.
        is_head = place == 0 and cells[0].lower() in HEAD and not any("." in cell for cell in cells[1:2])
        if not is_head:
            yield number, cells


def _refused(read: Mapping[int, Link], limits: Limits) -> dict[int, str]:
    """Return why somebody with these limits may not give some of these links, by their lines. One query.

    Known to the agency or not, by the same words, as corrections have them: nobody learns which it knows.
    """
    standing = {domain for domain, _ in limits.standing}
    domains = {link.domain for link in read.values()} - standing
    came = companies_came(limits.client_ids).filter(domain__in=domains).values_list("domain", flat=True)
    allowed = standing.union(came)
    faults = {}
    for number, link in read.items():
        if link.domain not in allowed:
            faults[number] = NOT_THEIRS
        elif link.name and (link.domain, link.name) not in limits.standing:
            faults[number] = (
                f"the name {link.name[:50]!r} would be seen by all clients of the agency: leave it out, or ask a "
                "colleague who sees all clients."
            )
    return faults


def _link(cells: list[str], own: set[str]) -> Link:
    value, domain, name, *_ = [*cells, "", ""]
    if not VALUE.fullmatch(value) or len(value) > LONGEST_VALUE:
        raise ValueError(
            f"{value[:50]!r} can’t be a value: write {LONGEST_VALUE} letters, digits, dots and dashes at most."
        )
    if scrub_query(f"c={value}") != f"c={value}":
        raise ValueError(f"{value[:50]} looks like a key or somebody’s number, and isn’t stored: use a plain word.")
    registered = registrable_domain(domain.partition("://")[2].partition("/")[0] or domain)
    if not registered:
        what = "is missing" if not domain else f"{domain[:100]!r} isn’t one that a company has"
        raise ValueError(f"the domain {what}: write one such as varnholt.com.")
    if is_anybodys(registered) or a_labels(domain) in own or registered in own:
        raise ValueError(f"{registered} is no visiting company’s: anybody has a mailbox there, or it is your own.")
    return Link(value.lower(), registered, name[:LONGEST_NAME])


def links_of(site_id: int) -> list[Link]:
    """Return a site's links in the order of their values. One query."""
    rows = LinkValue.objects.filter(site_id=site_id).order_by("value")
    return [Link(row.value, row.domain, row.name) for row in rows]


def links_text(links: Sequence[Link]) -> str:
    """Return links as lines that `links_parse` reads as they are: with a head, that no first value is taken for one."""
    lines = [", ".join(filter(None, [link.value, link.domain, _quoted(link.name)])) for link in links]
    return "\n".join([", ".join(COLUMNS), *lines]) if lines else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in '",;\t') else name


def links_preview(*, site: Site, parameter: str, links: Sequence[Link]) -> tuple[list[LinkUse], int]:
    """Return the links with the visits of the past PREVIEW_DAYS that came by them, and those by values of nobody's.

    What was stored before the parameter was kept isn't known. One query.
    """
    wanted, visits, others = {link.value for link in links}, Counter[str](), 0
    since = clock.now() - timedelta(days=PREVIEW_DAYS)
    with transaction.atomic():
        for _, queries in visits_queries(site_id=site.id, since=since) if parameter else ():
            values = _values(queries, parameter)
            visits.update(values & wanted)
            others += bool(values - wanted)
    uses = [LinkUse(link, visits[link.value]) for link in links]
    return sorted(uses, key=lambda use: (-use.visits, use.link.value)), others


def _values(queries: Iterable[str], parameter: str) -> set[str]:
    return {value for query in queries if (value := parameter_value(query, parameter))}


def links_save(*, site: Site, parameter: str, links: Sequence[Link], reaches_back: bool, user_name: str) -> None:
    """Have a parameter and these links tell companies from now on; `reaches_back`: of stored visits, too, by and by.

    Those that aren't among `links` end, and the names that they gave with them. Saved twice it is the same.
    """
    wanted = {link.value: link for link in links}
    with transaction.atomic():
        Site.objects.select_for_update().get(id=site.id)
        stored = {row.value: row for row in LinkValue.objects.filter(site_id=site.id)}
        is_other = site.company_parameter != parameter
        if is_other:
            site_set_company_parameter(site=site, parameter=parameter)
        gone = [row.id for value, row in stored.items() if value not in wanted]
        LinkValue.objects.filter(id__in=gone).delete()
        changed = [link for value, link in wanted.items() if not _is_stored(stored.get(value), link)]
        now = clock.now()
        LinkValue.objects.bulk_create(
            [
                LinkValue(
                    site_id=site.id,
                    value=link.value,
                    domain=link.domain,
                    name=link.name,
                    added_at=now,
                    added_by=user_name,
                )
                for link in changed
            ],
            update_conflicts=True,
            unique_fields=["site_id", "value"],
            update_fields=["domain", "name", "added_at", "added_by"],
        )
        domains = {row.domain for value, row in stored.items() if not _is_stored(row, wanted.get(value))}
        matching_lock()
        names_settle(domains | {link.domain for link in changed}, corrections_in_force([]), at=now)
        if reaches_back:
            links_begin(site_id=site.id)


def _is_stored(row: LinkValue | None, link: Link | None) -> bool:
    return row is not None and link is not None and (row.domain, row.name) == (link.domain, link.name)


def limits_of(site: Site, client_ids: Collection[int] | None) -> Limits | None:
    """Return what somebody who sees these clients may name in a site's links; None where he sees all. One query."""
    if client_ids is None:
        return None
    return Limits(client_ids, {(link.domain, link.name) for link in links_of(site.id)})


def own_of(site: Site) -> set[str]:
    """Return the domains of whoever runs a site."""
    return own_domains([site.id])[site.id]
