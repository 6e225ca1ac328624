"""`/mail/stop/<token>` on the public host: ends a mail without a login."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .unsubscribing import LinkBroken, end, ending_read, site_name
from .words import ASKED_FOR


# Mail programs post without cookies (RFC 8058); what it takes is the signature.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether the mails shall end (GET: programs that look at links change nothing), and end them (POST)."""
    try:
        ending = ending_read(token)
    except LinkBroken:
        return render(request, "public/unsubscribe.html", {"is_broken": True}, status=HTTPStatus.NOT_FOUND)
    context = {"what": ASKED_FOR[ending.kind], "site": site_name(ending), "is_done": request.method == "POST"}
    if request.method == "POST":
        end(ending)
    return render(request, "public/unsubscribe.html", context)
