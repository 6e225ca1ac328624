"""The mail to somebody whom a note mentions, sent in the background: the note stands whether it gets there or not.

A row is written with the note and goes once it is mailed, so that no mention is lost with a wake-up.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.db.models import F

from apps.agencies.hosts import agency_url
from apps.agencies.mails import mail_send
from apps.agencies.models import Agency, User
from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema

from ..facts import ColleagueMentioned
from ..models import CompanyMention, CompanyNote
from .people import Colleague, by_id, colleagues

logger = logging.getLogger(__name__)
# The mail has the note's beginning; the page has all of it.
LONGEST_QUOTE = 500
# Longer than a mail server takes that answers at all (EMAIL_TIMEOUT, for each of its few answers).
LEASE = timedelta(minutes=5)
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
# With their pauses some two hours.
MOST_TRIES = 17
SWEPT_TOGETHER = 200


def mentions_tell(*, note: CompanyNote, people: Iterable[Colleague], by: User, path: str) -> None:
    """Have people mailed that a note mentions them. Within the transaction that writes it.

    `path`: the company's page on the agency's host.
    """
    now = clock.now()
    for one in people:
        mention = CompanyMention.objects.create(note=note, user_id=one.id, by_id=by.id, path=path, due_at=now)
        publish(ColleagueMentioned(schema=current_schema(), mention_id=mention.id))


def mention_mail(mention_id: int) -> bool:
    """Mail whom a note mentions, unless it isn't due or somebody else does it; return whether it went.

    Nor where the mention is gone by now, and whoever no longer sees the client. Blocks while the mail server is talked
    to. May run twice and side by side.
    """
    now = clock.now()
    one = CompanyMention.objects.filter(id=mention_id)
    mention = one.filter(due_at__lte=now).select_related("note__company").first()
    # Whoever else is at it has written another time meanwhile.
    if mention is None or not one.filter(due_at=mention.due_at).update(due_at=now + LEASE, tries=F("tries") + 1):
        return False
    mention.tries += 1
    mine = one.filter(due_at=now + LEASE)
    agency: Agency = Agency.objects.get(schema_name=current_schema())
    # After that many tries it is no news; the note stands there.
    reader = _reader(agency, mention) if mention.tries <= MOST_TRIES else None
    if reader is None:
        mine.delete()
        return False
    try:
        _send(agency, mention, reader)
    except (OSError, SMTPException) as error:
        logger.warning("a mention wasn't mailed: %s", type(error).__name__)
        pause = min(PAUSE * 2 ** (mention.tries - 1), LONGEST_PAUSE)
        mine.update(due_at=clock.now() + pause)
        return False
    mine.delete()
    return True


def mentions_due() -> list[int]:
    """Return mentions that are due, the longest first: whose wake-up got lost, or whose turn it is again. One query."""
    due = CompanyMention.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    return list(due.values_list("id", flat=True)[:SWEPT_TOGETHER])


def _reader(agency: Agency, mention: CompanyMention) -> Colleague | None:
    """Return who is to be mailed; None where the note doesn't mention them any more, or they don't see the client."""
    note = mention.note
    if mention.user_id not in note.mentioned_ids:
        return None
    return by_id(colleagues(agency, client_id=note.client_id)).get(mention.user_id)


def _send(agency: Agency, mention: CompanyMention, reader: Colleague) -> None:
    note = mention.note
    quote = note.text if len(note.text) <= LONGEST_QUOTE else f"{note.text[:LONGEST_QUOTE].rstrip()} …"
    context = {
        "agency": agency,
        "author": str(User.objects.filter(id=mention.by_id).first() or note.author_name),
        "company": note.company.name,
        "quote": quote,
        "url": f"{agency_url(agency.slug, mention.path)}#note-{note.id}",
    }
    # Sent again where a worker was killed before it could say so, it is the same to mail programs.
    message_id = f"<mention.{agency.schema_name}.{mention.id}@{settings.BEACON_PUBLIC_HOST}>"
    mail_send("mail/mention", to=reader.email, context=context, headers={"Message-ID": message_id})
