"""Notes on a company for one client: writing, changing, deleting, and telling those who are mentioned."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction

from apps.agencies.models import Agency, Membership, User
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused

from ..models import CompanyClient, CompanyNote
from .entries import entries_write
from .mentions import mentions_in
from .people import Colleague, colleagues
from .telling import mentions_tell

LONGEST_NOTE = 5_000
NOTES_SHOWN = 200
# The same text of the same person within this time is the same note, sent twice.
SENT_TWICE = timedelta(minutes=2)


def note_write(*, agency: Agency, known: CompanyClient, text: str, by: User, path: str) -> CompanyNote:
    """Write a note on a company and have those mailed whom it mentions. Sent twice, it is written once.

    `path`: the company's page on the agency's host, for the mail. Raises Refused for a text that is none.
    """
    text, people = note_read(text), colleagues(agency, client_id=known.client_id)
    mentioned = _mentioned(text, people)
    at = clock.now()
    with transaction.atomic():
        # Whoever presses twice is two requests side by side.
        if not CompanyClient.objects.select_for_update().filter(id=known.id).exists():
            raise Refused("This company is gone meanwhile.")
        same = CompanyNote.objects.filter(
            company_id=known.company_id, client_id=known.client_id, author_id=by.id, text=text
        )
        if before := same.filter(written_at__gt=at - SENT_TWICE).first():
            return before
        note = CompanyNote.objects.create(
            company_id=known.company_id,
            client_id=known.client_id,
            text=text,
            mentioned_ids=[one.id for one in mentioned],
            author_id=by.id,
            author_name=str(by),
            written_at=at,
        )
        mentions_tell(note=note, people=[one for one in mentioned if one.id != by.id], by=by, path=path)
    return note


def note_change(*, agency: Agency, note: CompanyNote, text: str, by: Membership, path: str) -> None:
    """Change a note; whom it mentions now and didn't before is told. May run twice.

    Raises Refused for a text that is none, and for another's note where the role is too low.
    """
    require_mine(note, by)
    text = note_read(text)
    with transaction.atomic():
        held = CompanyNote.objects.select_for_update().filter(id=note.id).first()
        if held is None:
            raise Refused("Somebody has deleted this note meanwhile.")
        if held.text == text:
            return
        mentioned = _mentioned(text, colleagues(agency, client_id=held.client_id))
        new = [one for one in mentioned if one.id not in held.mentioned_ids and one.id != by.user_id]
        held.text, held.mentioned_ids, held.edited_at = text, [one.id for one in mentioned], clock.now()
        held.save(update_fields=["text", "mentioned_ids", "edited_at"])
        # Whoever is mentioned again after a while is told of that alone.
        held.mentions.exclude(user_id__in=held.mentioned_ids).delete()
        if held.author_id != by.user_id:
            _entry(held, f"changed a note of {held.author_name}", by.user)
        mentions_tell(note=held, people=new, by=by.user, path=path)


def note_delete(*, note: CompanyNote, by: Membership) -> None:
    """Delete a note. May run twice. Raises Refused for another's where the role is too low."""
    require_mine(note, by)
    with transaction.atomic():
        # Held first: what somebody else mentions in it at the same time is there to go with it then.
        held = CompanyNote.objects.select_for_update().filter(id=note.id).first()
        if held is not None:
            held.delete()
            _entry(
                note, "deleted a note" + ("" if note.author_id == by.user_id else f" of {note.author_name}"), by.user
            )


def notes_of(*, client_id: int, company_ids: Iterable[int]) -> Sequence[CompanyNote]:
    """Return a client's notes on companies, newest first. One query."""
    rows = CompanyNote.objects.filter(client_id=client_id, company_id__in=list(company_ids))
    return list(rows.order_by("-written_at", "-id")[:NOTES_SHOWN])


def may_change(note: CompanyNote, member: Membership) -> bool:
    """Return whether a member may change and delete a note: one's own as an analyst, anybody's as a manager."""
    if note.author_id == member.user_id:
        return member.may(Permission.EDIT_COMPANIES)
    return member.may(Permission.MANAGE_RULES)


def require_mine(note: CompanyNote, member: Membership) -> None:
    if not may_change(note, member):
        raise Refused(f"This note is {note.author_name}’s: only they and managers change it.")


def note_read(text: str) -> str:
    """Return a note as it is kept: lines as written, none empty around. Raises Refused where it is none."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise Refused("Write something first.")
    if "\x00" in text:
        raise Refused("The note has a character that can’t be kept (NUL): take it out.")
    if len(text) > LONGEST_NOTE:
        raise Refused(f"The note has {len(text):,} characters; up to {LONGEST_NOTE:,} are kept. Shorten it.")
    return text


def _mentioned(text: str, people: Sequence[Colleague]) -> list[Colleague]:
    found = {one.id: one for mention in mentions_in(text, people) for one in mention.people}
    return list(found.values())


def _entry(note: CompanyNote, text: str, by: User) -> None:
    entries_write(client_id=note.client_id, company_ids=[note.company_id], text=text, by=by)
