"""What the site's client knows of a company, as its page shows it: owner, tags, notes, watchlist, who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.companies.knowledge.entries import entries_of
from apps.companies.knowledge.mentions import note_html
from apps.companies.knowledge.notes import LONGEST_NOTE, may_change, notes_of
from apps.companies.knowledge.people import Colleague, by_id, colleagues
from apps.companies.knowledge.tags import LONGEST_TAG, MOST_TAGS, tags_known
from apps.companies.knowledge.together import known_together, rows_together
from apps.companies.knowledge.watching import is_watched
from apps.companies.models import CompanyClient, CompanyNote, KnowledgeEntry


@dataclass(frozen=True, slots=True)
class NoteLine:
    note: CompanyNote
    html: SafeString
    may_change: bool


@dataclass(frozen=True, slots=True)
class Knowing:
    """`people`: who may see the client; `suggested`: tags that it uses elsewhere; `draft`: a note that was refused."""

    may_edit: bool
    people: Sequence[Colleague]
    owner: Colleague | None
    tags: Sequence[str]
    suggested: Sequence[str]
    is_watched: bool
    is_ignored: bool
    notes: Sequence[NoteLine]
    entries: Sequence[KnowledgeEntry]
    draft: str = ""
    draft_error: str = ""
    longest_note: int = LONGEST_NOTE
    longest_tags: int = MOST_TAGS * LONGEST_TAG

    @property
    def mentionable(self) -> list[dict[str, str]]:
        return mentionable(self.people)


def mentionable(people: Sequence[Colleague]) -> list[dict[str, str]]:
    """Return the names that the script offers behind an @."""
    return [{"name": one.name, "email": one.email} for one in people]


def knowing(request: AgencyRequest, known: CompanyClient, *, draft: str = "", draft_error: str = "") -> Knowing:
    """Return what stands on the page, what was written of companies merged into it included.

    Six queries; one more for who may edit, and one where companies were merged.
    """
    member, client_id = request.membership, known.client_id
    rows = rows_together(known)
    may_edit = member.may(Permission.EDIT_COMPANIES)
    people = colleagues(request.agency, client_id=client_id)
    named = by_id(people)
    together = known_together(rows, lambda _, user_id: user_id in named)
    company_ids, tags = [row.company_id for row in rows], together.tags
    return Knowing(
        may_edit=may_edit,
        people=people,
        owner=named.get(together.owner_id or 0),
        tags=tags,
        suggested=[tag for tag in tags_known(client_id=client_id) if tag not in tags] if may_edit else [],
        is_watched=is_watched(client_id=client_id, domain=known.company.domain),
        is_ignored=together.is_ignored,
        notes=[
            NoteLine(note, note_html(note.text, people), may_change(note, member))
            for note in notes_of(client_id=client_id, company_ids=company_ids)
        ],
        entries=entries_of(client_id=client_id, company_ids=company_ids),
        draft=draft,
        draft_error=draft_error,
    )
