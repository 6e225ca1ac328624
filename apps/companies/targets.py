"""Target accounts: a client's list of domains that it waits for; read from what somebody pastes or sends."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, TypedDict

from django.db import transaction
from django.db.models import Case, CharField, DateTimeField, F, OuterRef, QuerySet, Subquery, TextField, Value, When

from apps.agencies.models import User
from apps.core import clock
from apps.core.errors import Refused
from apps.core.formats import number
from apps.networks.domains import a_labels, is_anybodys, owner_of_domain, registrable_domain
from apps.networks.kinds import OWN_NETWORKS
from apps.networks.labels import network_label

from .corrections import merges_led
from .knowledge.entries import entries_write
from .matching import bare_domain
from .models import Company, CompanyClient, TargetAccount

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

LARGEST_BYTES = 1_000_000
MOST_LINES = 10_000
MOST_OF_A_CLIENT = 20_000
LONGEST_NAME = 200
PROBLEMS_SHOWN = 100
DOMAIN_HEADS = {"domain", "domains", "website", "web site", "web", "url", "host", "homepage"}
NAME_HEADS = {"name", "company", "company name", "account", "account name", "organisation", "organization"}


class Came(TypedDict):
    """What is asked beside a target account: null where none has come from it."""

    company_id: int | None
    company_name: str | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that wasn't taken: its number from 1, what stood there, and why."""

    line: int
    text: str
    why: str


@dataclass(slots=True)
class Reading:
    """A list as it was understood: names by domain, in its order, and what wasn't."""

    accounts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list's domains."""

    new: int
    known: int


def text_of(content: bytes) -> str:
    """Return a file's text: UTF-8, or else as Windows writes it. Raises Refused for one too large."""
    if len(content) > LARGEST_BYTES:
        size = number(LARGEST_BYTES // 1000)
        raise Refused(f"The file has more than {size} kB: send it in parts.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def targets_read(text: str) -> Reading:
    """Understand a list: a domain a line, or CSV with `domain, name`, with or without a head.

    Addresses of pages and of mailboxes are taken for their domains. What can't be a target account is a problem of its
    line; all others are taken. Raises Refused for one that is too long, or no CSV from some line on.
    """
    if len(text) > LARGEST_BYTES:
        raise Refused(f"The list has more than {number(LARGEST_BYTES)} characters: paste it in parts.")
    reading = Reading()
    places: tuple[int, int | None] = (0, 1)
    for line, cells in _lines(text):
        if line > MOST_LINES:
            raise Refused(f"The list has more than {number(MOST_LINES)} lines: send it in parts.")
        if not reading.accounts and not reading.problems and (heads := _heads(cells)) is not None:
            places = heads
            continue
        _take(reading, line, cells, places)
    return reading


def targets_import(*, client_id: int, accounts: dict[str, str], by: User) -> Imported:
    """Put domains on a client's list, with names; return how many are new. May run twice and side by side.

    A name that the list gives stands from now on. Raises Refused where the client would have too many.
    """
    with transaction.atomic():
        there = {row.domain: row for row in _of(client_id, accounts)}
        new = [domain for domain in accounts if domain not in there]
        count = TargetAccount.objects.filter(client_id=client_id).count()
        if count + len(new) > MOST_OF_A_CLIENT:
            most = number(MOST_OF_A_CLIENT)
            raise Refused(
                f"A client has up to {most} target accounts; there are {number(count)}, and these would be "
                f"{number(len(new))} more: take some away first."
            )
        at = clock.now()
        TargetAccount.objects.bulk_create(
            [
                TargetAccount(client_id=client_id, domain=domain, name=accounts[domain], added_at=at, added_by=str(by))
                for domain in new
            ],
            ignore_conflicts=True,
        )
        renamed = [row for row in there.values() if accounts[row.domain] not in ("", row.name)]
        for row in renamed:
            row.name = accounts[row.domain]
        TargetAccount.objects.bulk_update(renamed, ["name"], batch_size=1_000)
        _note(client_id, new, "watches it", by)
    return Imported(new=len(new), known=len(there))


def targets_remove(*, client_id: int, domains: Iterable[str], by: User) -> int:
    """Take domains off a client's list; return how many were on it. May run twice."""
    with transaction.atomic():
        rows = _of(client_id, domains)
        there = list(rows.values_list("domain", flat=True))
        rows.delete()
        _note(client_id, there, "no longer watches it", by)
    return len(there)


def targets_of(*, client_id: int) -> "QuerySet[WithAnnotations[TargetAccount, Came]]":
    """Return a client's target accounts with `company_id`, `company_name`, `last_seen_at`: null where none has come.

    Of one that was merged, what it was merged into. One query here, beside those for the rows.
    """
    led = [When(domain=domain, then=Value(into)) for domain, into in merges_led().items()]
    known = CompanyClient.objects.filter(client_id=client_id, company__domain=OuterRef("led"), is_left=False)
    rows = TargetAccount.objects.filter(client_id=client_id)
    return rows.annotate(led=Case(*led, default=F("domain"), output_field=TextField())).annotate(
        company_id=Subquery(known.values("company_id")[:1]),
        company_name=Subquery(known.values("company__name")[:1], output_field=CharField()),
        last_seen_at=Subquery(known.values("last_seen_at")[:1], output_field=DateTimeField()),
    )


def targets_ordered(
    rows: "QuerySet[WithAnnotations[TargetAccount, Came]]",
) -> "QuerySet[WithAnnotations[TargetAccount, Came]]":
    """Return those that came first, the latest first, then the others by domain."""
    return rows.order_by(F("last_seen_at").desc(nulls_last=True), "domain")


def target_lines(
    rows: "QuerySet[WithAnnotations[TargetAccount, Came]]",
) -> Iterator[tuple[str, str, datetime | None, datetime, str]]:
    """Return target accounts as a file has them: domain, name, last seen, added, by whom."""
    for row in rows.iterator(chunk_size=500):
        yield row.domain, row.name or row.company_name or "", row.last_seen_at, row.added_at, row.added_by


def _of(client_id: int, domains: Iterable[str]) -> QuerySet[TargetAccount]:
    return TargetAccount.objects.filter(client_id=client_id, domain__in=list(domains))


def _note(client_id: int, domains: Sequence[str], text: str, by: User) -> None:
    """Write into the history of those companies that the client knows already."""
    companies = Company.objects.filter(domain__in=domains, clients__client_id=client_id)
    entries_write(client_id=client_id, company_ids=companies.values_list("id", flat=True), text=text, by=by)


# --- reading ----------------------------------------------------------------------------------------------------------


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return the lines that hold anything, with their numbers, cut into cells."""
    text = text.replace("\x00", "")
    delimiter = max(",;\t", key=text.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            kept = [unicodedata.normalize("NFC", " ".join(cell.split())) for cell in cells]
            if any(kept):
                yield reader.line_num, kept
    except csv.Error as error:
        raise Refused(f"From line {reader.line_num} on this isn’t readable as CSV ({error}).") from error


def _heads(cells: Sequence[str]) -> tuple[int, int | None] | None:
    """Return where the domain and the name stand, where these cells are a head."""
    heads = [cell.casefold() for cell in cells]
    domain = next((place for place, head in enumerate(heads) if head in DOMAIN_HEADS), None)
    if domain is None:
        return None
    return domain, next((place for place, head in enumerate(heads) if head in NAME_HEADS), None)


def _take(reading: Reading, line: int, cells: Sequence[str], places: tuple[int, int | None]) -> None:
    written = cells[places[0]] if places[0] < len(cells) else ""
    name = cells[places[1]] if places[1] is not None and places[1] < len(cells) else ""
    if not _host(written) and _host(name):  # "name, domain" is as common
        written, name = name, written
    domain = registrable_domain(_host(written))
    why = _problem(written, domain)
    if not why and (len(name) > LONGEST_NAME or not name.isprintable()):
        why = f"the name is longer than {LONGEST_NAME} characters or has some that can’t be shown"
    if why:
        reading.problems.append(Problem(line, written[:80] or name[:80], why))
    elif domain in reading.accounts:
        reading.repeated += 1
        reading.accounts[domain] = reading.accounts[domain] or name
    else:
        reading.accounts[domain] = name


def _host(text: str) -> str:
    """Return the host of a domain, a page's address or a mailbox; empty where it is none."""
    bare = text.rpartition("@")[2] if "@" in text and "/" not in text else text
    try:
        host = bare_domain(bare if "//" in bare else f"//{bare}")
    except ValueError:
        return ""
    return a_labels(host)


def _problem(written: str, domain: str) -> str:
    """Return why something can't be a target account; empty where it can."""
    if not written:
        return "there is no domain in this line"
    if not domain:
        return "this is no domain that somebody can have registered, such as varnholt.example"
    if is_anybodys(domain):
        return "anybody can have a mailbox there, so that it tells no company"
    owner = owner_of_domain(domain)
    if owner.kind.value not in OWN_NETWORKS:
        return f"this is a provider’s ({network_label(owner.kind.value).lower()}): its visitors are its customers"
    return ""
