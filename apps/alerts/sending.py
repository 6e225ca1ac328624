"""Sending a mail whose row is due: taken up by one worker, sent, and only then noted as sent.

At least once: where a worker is killed between the mail server's word and the note, the mail is sent again when its
lease is over, since an alert that never comes is worse than one that comes twice. The second has the first one's
Message-ID, by which many mail programs show one. In every other case it is sent once.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from smtplib import SMTPException
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F

from apps.agencies.hosts import agency_url
from apps.agencies.mails import mail_send
from apps.agencies.models import Agency
from apps.companies.knowledge.together import rows_ignored
from apps.companies.knowledge.watching import targets_led
from apps.companies.models import Company
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.models import Session

from . import measures
from .digests import digest_lately, week_before
from .models import AlertSent, Subscription
from .subscriptions import subscribers
from .unsubscribing import unsubscribe_url

logger = logging.getLogger(__name__)

Kind = Subscription.Kind
TEMPLATES = {Kind.HOT: "mail/company", Kind.TARGET: "mail/company", Kind.DIGEST: "mail/digest"}
# Longer than a mail server takes that answers at all (EMAIL_TIMEOUT, for each of its few answers).
LEASE = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# With their pauses some seven hours: after that an alert is no news.
MOST_TRIES = 12
# A digest that has waited longer is made anew: companies may be ignored or gone by now.
FRESH = timedelta(minutes=10)
SWEPT_TOGETHER = 200


def alert_send(alert_id: int) -> bool:
    """Send a mail, unless it isn't due, somebody else does it, or it isn't wanted any more; return whether it went.

    Blocks while the mail server is talked to. May run twice and side by side.
    """
    now = clock.now()
    alert = AlertSent.objects.filter(id=alert_id, due_at__lte=now, sent_at=None).first()
    if alert is None or alert.due_at is None:
        return False
    was_due = alert.due_at
    # Whoever else is at it has written another time meanwhile.
    mine = AlertSent.objects.filter(id=alert_id, due_at=was_due, sent_at=None)
    if not mine.update(due_at=now + LEASE, tries=F("tries") + 1):
        return False
    alert.tries += 1
    if alert.tries > MOST_TRIES:
        # Whoever sends it ends each time without a word.
        _end(alert, "given_up")
        return False
    kind = Kind(alert.kind)
    site = Site.objects.filter(id=alert.site_id).exclude(status=Site.Status.ARCHIVED).first()
    wanted = subscribers(site=site, kind=kind, user_id=alert.user_id) if site else []
    if site is None or not wanted or not _is_of_a_visitor(alert, site):
        _end(alert, "unwanted")
        return False
    if kind is Kind.DIGEST and (alert.tries > 1 or now - was_due > FRESH or _is_of_another_client(alert, site)):
        alert.content = digest_lately(site=site, span=week_before(alert.day, ZoneInfo(site.time_zone)))
        if alert.content["is_empty"]:
            _end(alert, "unwanted")
            return False
    member = wanted[0].member
    try:
        mail_write(
            agency=member.agency,
            to=member.user.email,
            user_id=alert.user_id,
            site_id=alert.site_id,
            kind=kind,
            content=alert.content,
            message_id=f"alert.{member.agency.schema_name}.{alert.id}",
        )
    except (OSError, SMTPException) as error:
        logger.warning("a mail about companies wasn't sent: %s", type(error).__name__)
        _put_off(alert)
        return False
    AlertSent.objects.filter(id=alert.id).update(sent_at=clock.now(), due_at=None, content={})
    measures.MAILS.labels(alert.kind, "sent").inc()
    return True


def alerts_due() -> list[int]:
    """Return mails that are due, the longest first: whose wake-up got lost, or whose turn it is again. One query."""
    due = AlertSent.objects.filter(due_at__lte=clock.now(), sent_at=None).order_by("due_at")
    return list(due.values_list("id", flat=True)[:SWEPT_TOGETHER])


def mail_write(
    *,
    agency: Agency,
    to: str,
    user_id: int,
    site_id: int,
    kind: Subscription.Kind,
    content: Mapping[str, object],
    message_id: str,
) -> None:
    """Hand a mail to the mail server. Raises OSError, SMTPException."""
    stop_url = unsubscribe_url(agency=agency, user_id=user_id, site_id=site_id, kind=kind)
    headers = {
        "List-Unsubscribe": f"<{stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
        "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence answers it
        "Message-ID": f"<{message_id}@{settings.BEACON_PUBLIC_HOST}>",
    }
    context = mail_context(agency=agency, content=content, stop_url=stop_url)
    mail_send(TEMPLATES[kind], to=to, context=context, headers=headers)


def mail_context(*, agency: Agency, content: Mapping[str, object], stop_url: str) -> dict[str, object]:
    """Return what a mail's templates are made of: its content, with whole addresses in the place of paths."""
    whole = _whole(content, agency)
    assert isinstance(whole, dict)
    return {**whole, "agency": agency, "stop_url": stop_url}


def _whole(value: object, agency: Agency) -> object:
    if isinstance(value, Mapping):
        return {
            name: agency_url(agency.slug, str(one)) if name.endswith("url") else _whole(one, agency)
            for name, one in value.items()
        }
    return [_whole(one, agency) for one in value] if isinstance(value, list) else value


def _is_of_a_visitor(alert: AlertSent, site: Site) -> bool:
    """Whether the company is still one to tell of: there, not ignored, with a visit that counts. A digest has none.

    A target account is still on the watchlist of the site's client, which may be another by now.
    """
    if alert.company_id is None:
        return True
    company = Company.objects.filter(id=alert.company_id).first()
    if company is None:
        return False
    if alert.kind == Kind.TARGET and (site.client_id, company.domain) not in targets_led([site.client_id]):
        return False
    ignored = rows_ignored([site.client_id]).filter(company_id=alert.company_id)
    visits = Session.objects.filter(site_id=site.id, company_id=alert.company_id, set_aside="")
    return not ignored.exists() and visits.exists()


def _is_of_another_client(alert: AlertSent, site: Site) -> bool:
    """Whether the site has moved since a digest was made: its text went by what another client ignores."""
    return bool(alert.content.get("client_id") != site.client_id)


def _put_off(alert: AlertSent) -> None:
    if alert.tries >= MOST_TRIES:
        _end(alert, "given_up")
        return
    pause = min(PAUSE * 2 ** (alert.tries - 1), LONGEST_PAUSE)
    AlertSent.objects.filter(id=alert.id).update(due_at=clock.now() + pause)
    measures.MAILS.labels(alert.kind, "failed").inc()


def _end(alert: AlertSent, outcome: str) -> None:
    """Never send it."""
    AlertSent.objects.filter(id=alert.id).update(due_at=None, content={})
    measures.MAILS.labels(alert.kind, outcome).inc()
