"""Telling an agency's managers by mail that a provider refuses a destination: once, until it is well again.

Noted as told once the mails are handed over, so a worker's death in between loses none: another tells them later. How
soon is bounded, so that one that dies each time doesn't send a thousand.
"""

import logging
from datetime import timedelta
from smtplib import SMTPException
from zoneinfo import ZoneInfo

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from apps.agencies.hosts import agency_url
from apps.agencies.mails import mail_send
from apps.agencies.models import Membership
from apps.agencies.roles import Permission, may
from apps.core import clock
from apps.core.formats import exact
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .ages import age_words
from .health import TOLD_AGAIN
from .models import Destination
from .providers.registry import provider_of

logger = logging.getLogger(__name__)
# Longer than a slow mail server takes for all of an agency's managers.
TELLING = timedelta(minutes=30)


def refusal_tell(destination_id: int) -> int:
    """Mail those who manage destinations that one is refused; return to how many.

    May run twice: the second does nothing. Blocks while the mail server is talked to.
    """
    now = clock.now()
    if not refusals_untold().filter(id=destination_id).update(problem_telling_until=now + TELLING):
        return 0
    destination = Destination.objects.get(id=destination_id)
    sent, is_ours = _mails_send(destination)
    if is_ours and not sent:
        return 0  # the next one may try once this one's time is over, else it would without end
    # Where nobody knows yet the sweep tries again. Of another refusal that came meanwhile, too, nobody does.
    mine = Destination.objects.filter(id=destination_id, problem_telling_until=now + TELLING)
    if sent:
        mine.filter(problem_at=destination.problem_at).exclude(problem="").update(problem_told_at=clock.now())
    mine.update(problem_telling_until=None)
    return sent


def refusals_untold() -> QuerySet[Destination]:
    """Return destinations of whose refusal nobody was told and nobody is telling."""
    free = Q(problem_telling_until=None) | Q(problem_telling_until__lte=clock.now())
    # One that came again within a day of being told of, and has stayed since, is told of after that day.
    is_old = Q(problem_told_at__lt=F("problem_at"), problem_told_at__lte=clock.now() - TOLD_AGAIN)
    untold = Q(problem_told_at=None) | is_old
    return Destination.objects.filter(free, untold, archived_at=None).exclude(problem="")


def _mails_send(destination: Destination) -> tuple[int, bool]:
    """Hand a mail over for each manager of a destination; return how many were taken, and whether one failed here."""
    site = Site.objects.filter(id=destination.site_id).first()
    provider = provider_of(destination.provider)
    if site is None or provider is None:
        return 0, False
    sent, is_ours = 0, False
    for member in _managers(site):
        url = agency_url(member.agency.slug, reverse("destinations:edit", args=[site.slug, destination.id]))
        context = {
            "agency": member.agency,
            "site": site,
            "destination": destination,
            "provider": provider,
            "described": provider.describe(destination.settings),
            "since": exact(destination.problem_at or clock.now(), zone=ZoneInfo(site.time_zone)),
            "waits": age_words(provider.give_up_after),
            "is_off": not destination.is_on,
            "url": url,
        }
        try:
            mail_send("mail/destination_refused", to=member.user.email, context=context)
        except (OSError, SMTPException) as error:
            logger.warning("a mail about a destination wasn't sent: %s", type(error).__name__)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # As for an address that no mail can be made out to: the others get theirs.
            logger.exception("a mail about a destination couldn't be made")
            is_ours = True
        else:
            sent += 1
    return sent, is_ours


def _managers(site: Site) -> list[Membership]:
    members = Membership.objects.select_related("user", "agency").filter(
        user__is_active=True, agency__schema_name=current_schema(), agency__is_active=True
    )
    return [
        member
        for member in members.order_by("id")
        if may(member.role, Permission.MANAGE_RULES)
        and (member.client_ids is None or site.client_id in member.client_ids)
    ]
