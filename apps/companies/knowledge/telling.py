"""The mail to somebody whom a note mentions, sent in the background: the note stands whether it gets there or not."""

from django.conf import settings
from django.core.cache import cache

from apps.agencies.hosts import agency_url
from apps.agencies.mails import mail_send
from apps.agencies.models import Agency, User

from ..facts import ColleagueMentioned
from ..models import CompanyNote
from .people import by_id, colleagues

# The mail has the note's beginning; the page has all of it.
LONGEST_QUOTE = 500
# For so long it is known that a mail went: longer than its task may come again.
SENT_SECONDS = 86_400


def mention_mail(mention: ColleagueMentioned) -> bool:
    """Mail whom a note mentions, once; return whether it went.

    Not where the note or the mention is gone by now, nor whoever no longer sees the client. Blocks while the mail
    server is talked to. Raises OSError, SMTPException, RedisError: then it may be tried again.
    """
    agency = Agency.objects.get(schema_name=mention.schema)
    note = CompanyNote.objects.select_related("company").filter(id=mention.note_id).first()
    sent = f"companies:mentioned:{mention.mention_id}"
    if note is None or mention.user_id not in note.mentioned_ids or cache.get(sent):
        return False
    reader = by_id(colleagues(agency, client_id=note.client_id)).get(mention.user_id)
    if reader is None:
        return False
    quote = note.text if len(note.text) <= LONGEST_QUOTE else f"{note.text[:LONGEST_QUOTE].rstrip()} …"
    context = {
        "agency": agency,
        "author": str(User.objects.filter(id=mention.by_id).first() or note.author_name),
        "company": note.company.name,
        "quote": quote,
        "url": f"{agency_url(agency.slug, mention.path)}#note-{note.id}",
    }
    # Sent again where a worker was killed before it could say so, it is the same to mail programs.
    message_id = f"<mention.{mention.schema}.{mention.mention_id}@{settings.BEACON_PUBLIC_HOST}>"
    mail_send("mail/mention", to=reader.email, context=context, headers={"Message-ID": message_id})
    cache.set(sent, 1, SENT_SECONDS)
    return True
