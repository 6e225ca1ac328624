"""`/outbox/`: the mails that would have gone out. There only where they go there, and for this machine alone."""

from ipaddress import ip_address

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from ..outbox import OutboxMail, is_outbox_in_use, outbox_get, outbox_list

MAIL_POLICY = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "frame-ancestors": ["'self'"]}


@require_safe
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    _require_local(request)
    return render(request, "public/outbox.html", {"mails": outbox_list()})


@require_safe
@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "public/outbox_mail.html", {"mail": _mail(request, name)})


@require_safe
@never_cache
@xframe_options_sameorigin
@csp_replace(MAIL_POLICY)  # type: ignore[arg-type]  # its own type forgets views with arguments
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a mail's HTML alone, for the sandboxed frame: it may style itself, and nothing else."""
    return HttpResponse(_mail(request, name).html)


def _mail(request: HttpRequest, name: str) -> OutboxMail:
    _require_local(request)
    found = outbox_get(name)
    if found is None:
        raise Http404
    return found


def _require_local(request: HttpRequest) -> None:
    """Raise Http404 unless mails go to the outbox and the peer is this machine, whatever headers say."""
    peer = request.META.get("REMOTE_ADDR") or "0.0.0.0"
    if not is_outbox_in_use() or not ip_address(peer).is_loopback:
        raise Http404
