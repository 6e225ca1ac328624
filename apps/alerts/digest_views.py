"""`/s/<site>/alerts/digest`: the weekly digest as the mail has it, and "send it to me now"."""

import logging
import secrets
from datetime import timedelta
from smtplib import SMTPException
from zoneinfo import ZoneInfo

from csp.decorators import csp_replace
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.periods import day_start
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .digests import Span, digest_lately, monday_of, week_before
from .models import Subscription
from .sending import mail_context, mail_write
from .subscriptions import subscriptions_of
from .unsubscribing import unsubscribe_url

logger = logging.getLogger(__name__)
# It may style itself, and nothing else; as the outbox shows mails.
MAIL_POLICY = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "frame-ancestors": ["'self'"]}
LAST, THIS = "last", "this"
# Between two mails that somebody has sent to themselves.
PAUSE_SECONDS = 60


@require_safe
@never_cache
def digest(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a site's digest of the last week, or of this one so far (`?week=this`)."""
    site = site_or_404(request, slug, Permission.READ)
    member = agency_request(request)
    week = _week(request.GET.get("week", ""))
    content = digest_lately(site=site, span=_span(site, week))
    wishes = subscriptions_of(user_id=member.user.id, site_ids=[site.id])
    context = {
        "site": site,
        "week": week,
        "content": content,
        "mail_url": f"{reverse('alerts:digest-mail', args=[site.slug])}?week={week}",
        "is_wanted": any(wish.kind == Subscription.Kind.DIGEST for wish in wishes),
        "email": member.user.email,
    }
    return render(request, "alerts/digest.html", context)


@require_safe
@never_cache
@xframe_options_sameorigin
@csp_replace(MAIL_POLICY)  # type: ignore[arg-type]  # its own type forgets views with arguments
def digest_mail(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the mail's HTML alone, for the page's frame."""
    site = site_or_404(request, slug, Permission.READ)
    member = agency_request(request)
    content = digest_lately(site=site, span=_span(site, _week(request.GET.get("week", ""))))
    stop_url = unsubscribe_url(
        agency=member.agency, user_id=member.user.id, site_id=site.id, kind=Subscription.Kind.DIGEST
    )
    context = mail_context(agency=member.agency, content=content, stop_url=stop_url)
    return render(request, "mail/digest_message.html", context)


@require_POST
def digest_send(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the digest to the member, once a minute at most; it says whether the mail server took it."""
    site = site_or_404(request, slug, Permission.READ)
    member = agency_request(request)
    week = _week(request.POST.get("week", ""))
    # First: whoever presses on and on has nothing reckoned.
    if not cache.add(f"alerts:digest-now:{member.user.id}:{site.id}", 1, PAUSE_SECONDS):
        messages.error(request, "You asked for one a moment ago: look into your mails, or try again in a minute.")
    elif (content := digest_lately(site=site, span=_span(site, week)))["is_empty"]:
        messages.error(request, "There is nothing to report of that week, so no mail was sent.")
    else:
        try:
            mail_write(
                agency=member.agency,
                to=member.user.email,
                user_id=member.user.id,
                site_id=site.id,
                kind=Subscription.Kind.DIGEST,
                content=content,
                message_id=f"digest.{member.agency.schema_name}.{secrets.token_hex(8)}",
            )
            messages.success(request, f"The digest was sent to {member.user.email}.")
        except (OSError, SMTPException) as error:
            logger.warning("a digest wasn't sent: %s", type(error).__name__)
            messages.error(request, "The mail server didn’t take it. Try again later.")
    return HttpResponseRedirect(f"{reverse('alerts:digest', args=[site.slug])}?week={week}")


def _week(text: str) -> str:
    return THIS if text == THIS else LAST


def _span(site: Site, week: str) -> Span:
    zone = ZoneInfo(site.time_zone)
    monday = monday_of(clock.now(), zone)
    if week == LAST:
        return week_before(monday, zone)
    return Span(day_start(monday, zone), max(clock.now(), day_start(monday, zone) + timedelta(microseconds=1)))
