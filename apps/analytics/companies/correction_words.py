"""Corrections in words, and what one would change, as far as the reader may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.companies.correction_reach import MOST_PREVIEWED, NOBODY, Preview
from apps.companies.corrections import Kind
from apps.companies.models import Company, CompanyCorrection
from apps.companies.selectors import companies_by_domain
from apps.core.formats import number
from apps.sites.models import Client, Site

_SPLIT_WORDS = {"site": "on", "network": "from the network", "asn": "from the network", "email": "with an e-mail at"}


@dataclass(frozen=True, slots=True)
class Names:
    """Companies by domain and sites by number, for words."""

    companies: Mapping[str, Company]
    sites: Mapping[int, str]
    given: Mapping[str, str]  # to companies that aren't there yet

    def company(self, domain: str) -> str:
        """Return "Varnholt AG (varnholt.example)"."""
        known = self.companies.get(domain)
        name = known.name if known else self.given.get(domain, domain)
        return domain if name == domain else f"{name} ({domain})"


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A correction on the page that lists them."""

    row: CompanyCorrection
    words: str
    held: str

    @property
    def is_moving(self) -> bool:
        return not self.row.is_carried_out

    @property
    def percent(self) -> int | None:
        """How far it is; None until it is known how much there is."""
        total = self.row.visits_total
        return None if total is None else min(100, round(100 * self.row.visits_done / max(1, total)))


def names_of(corrections: Sequence[CompanyCorrection], preview: Preview | None = None) -> Names:
    """Return what the words of these need. Two queries."""
    domains = {domain for row in corrections for domain in (row.domain, row.to_domain) if domain}
    domains |= {domain for domain in (preview.to_domains if preview else ()) if domain}
    given = {row.to_domain: row.to_name for row in corrections if row.to_name}
    return Names(companies_by_domain(sorted(domains)), dict(Site.objects.values_list("id", "name")), given)


def correction_words(row: CompanyCorrection, names: Names) -> str:
    """Return a correction as a sentence without its full stop."""
    whose, target = names.company(row.domain), names.company(row.to_domain)
    if row.kind == Kind.MERGE:
        return f"{whose} is in truth {target}"
    if row.kind == Kind.SPLIT:
        return f"Visits of {whose} {_split_words(row.condition, names)} are in truth {target}"
    if row.kind == Kind.RENAME:
        return f"{row.domain} is called {row.to_name}"
    if row.kind == Kind.NEVER:
        return f"{whose} is not a company"
    count = len(row.condition["session_ids"])
    visits = f"{'One visit' if count == 1 else f'{number(count)} visits'}{f' of {whose}' if row.domain else ''}"
    verb = "is" if count == 1 else "are"
    return f"{visits} {verb} in truth {target}" if row.to_domain else f"{visits} {verb} nobody’s"


def _split_words(condition: Mapping[str, Any], names: Names) -> str:
    field, values = condition["field"], condition["values"]
    if field == "site":
        values = [names.sites.get(int(value), "a deleted site") for value in values]
    elif field == "asn":
        values = [f"AS{value}" for value in values]
    return f"{_SPLIT_WORDS[field]} {' or '.join(values)}"


def correction_line(row: CompanyCorrection, names: Names) -> CorrectionLine:
    if row.kind == Kind.RENAME:
        held = "the name alone"
    else:
        held = f"{visits_words(row.visits_moved)} {'came back' if row.undone_at else 'moved'}"
    return CorrectionLine(row, correction_words(row, names), held)


def visits_words(count: int) -> str:
    return f"{number(count)} visit{'' if count == 1 else 's'}"


def preview_context(preview: Preview, names: Names) -> dict[str, Any]:
    """Return what a preview's template shows. One query."""
    clients = dict(Client.objects.filter(id__in=preview.clients).values_list("id", "name"))
    of = f"{number(len(clients))} client{'' if len(clients) == 1 else 's'}"
    sentence = f"{visits_words(preview.visits)} of {of} move{'s' if preview.visits == 1 else ''}."
    return {
        "sentence": sentence if preview.visits else "No stored visit moves. It holds for those that come.",
        "clients": sorted((clients[id_], count) for id_, count in preview.clients.items() if id_ in clients),
        "targets": [
            (names.company(domain) if domain != NOBODY else "nobody", count)
            for domain, count in sorted(preview.to_domains.items(), key=lambda item: -item[1])
        ],
        "cut": number(MOST_PREVIEWED) if preview.is_cut else "",
    }
