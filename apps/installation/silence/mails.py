"""Mails about silences: to whoever looks after the site, at most two in a day for each person."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.db import connection
from django.urls import reverse

from apps.agencies.hosts import agency_url
from apps.agencies.mails import mail_send
from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Permission
from apps.agencies.selectors import team_of
from apps.sites.models import Site

from ..models import Silence, SilenceNotice
from .words import silence_text

logger = logging.getLogger(__name__)
MOST_A_DAY = 2
DAY = timedelta(days=1)
# Django's bulk_create doesn't say which rows were there already.
_NOTE = """
INSERT INTO installation_silencenotice (silence_id, user_id, sent_at)
SELECT silence_id, %s, %s FROM unnest(%s::bigint[]) AS told (silence_id)
ON CONFLICT (silence_id, user_id) DO NOTHING RETURNING silence_id
"""


def silences_tell(*, now: datetime) -> None:
    """Tell everybody who may set up a site of its open silence, once; what is over the day's two mails waits."""
    silences = list(Silence.objects.filter(ended_at=None).select_related("site__client").order_by("heard_at"))
    if not silences:
        return
    agency = Agency.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]
    told = set(SilenceNotice.objects.filter(silence__in=silences).values_list("silence_id", "user_id"))
    for member in team_of(agency):
        if not member.user.is_active or not member.may(Permission.MANAGE_SITES):
            continue
        new = [one for one in silences if _concerns(member, one.site) and (one.id, member.user_id) not in told]
        if new and _mails_today(member.user_id, now) < MOST_A_DAY:
            _tell(agency, member, new, now)


def _concerns(member: Membership, site: Site) -> bool:
    return member.client_ids is None or site.client_id in member.client_ids


def _mails_today(user_id: int, now: datetime) -> int:
    """Return how many mails somebody had in the last 24 hours: notices of one mail have one moment."""
    notices = SilenceNotice.objects.filter(user_id=user_id, sent_at__gt=now - DAY)
    return notices.values("sent_at").distinct().count()


def _tell(agency: Agency, member: Membership, silences: Sequence[Silence], now: datetime) -> None:
    """Note first, then send: whoever is broken off in between has sent too few rather than too many."""
    noted = _note([one.id for one in silences], member.user_id, now)
    silences = [one for one in silences if one.id in noted]
    if not silences:
        return
    context = {"agency": agency, "lines": [_line(agency, one, now) for one in silences], "url": agency_url(agency.slug)}
    try:
        mail_send("mail/silence", to=member.user.email, context=context)
    except (OSError, SMTPException) as error:
        logger.warning("a mail about silent sites wasn't sent: %s", type(error).__name__)
        SilenceNotice.objects.filter(silence__in=noted, user_id=member.user_id).delete()


def _note(silence_ids: list[int], user_id: int, now: datetime) -> set[int]:
    """Note silences as told, and return those that nobody had noted: of two runs at once only one has each."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [user_id, now, silence_ids])
        return {row[0] for row in cursor.fetchall()}


def _line(agency: Agency, silence: Silence, now: datetime) -> dict[str, str]:
    site = silence.site
    return {
        "site": site.name,
        "client": site.client.name,
        "text": silence_text(silence, now=now),
        "check_url": agency_url(agency.slug, reverse("installation:checks", args=[site.slug])),
    }
