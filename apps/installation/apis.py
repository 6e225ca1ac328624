"""The installation check for scripts, on an agency's host: `/api/v1/sites/<site>/checks`.

With an API key of the scope `checks` (`Authorization: Bearer ...`), or as somebody who is logged in and may set up
sites (with the CSRF token for POST). 200, 202 (`Location`: where the answer will stand), 400 (`error`), 401, 403, 404,
429 (`Retry-After`).
"""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from apps.agencies.api_keys import CHECKS
from apps.agencies.models import ApiKey
from apps.agencies.requests import is_agency_request
from apps.agencies.roles import Permission
from apps.agencies.services.api_keys import api_key_of
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .models import SiteCheck
from .selectors import check_get, checks_of
from .services import TooMany, check_start, checks_close_overdue
from .texts import Answer, answers_of

MOST_BODY = 10_000


SiteView = Callable[..., HttpResponse]  # (request, *, site, by, **what stands in the address)


class AnyView(Protocol):
    def __call__(self, request: HttpRequest, slug: str, **arguments: Any) -> HttpResponse: ...


def for_site(view: SiteView) -> AnyView:
    """Let in whoever may check the site. A key needs no CSRF token: no browser sends it by itself."""

    @csrf_protect
    def as_member(request: HttpRequest, slug: str, **arguments: Any) -> HttpResponse:
        site = site_or_404(request, slug, Permission.MANAGE_SITES)
        return view(request, site=site, by=str(request.user), **arguments)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, **arguments: Any) -> HttpResponse:
        if is_agency_request(request):
            return as_member(request, slug, **arguments)
        key = api_key_of(request, scope=CHECKS)
        if key is None:
            return _error(HTTPStatus.UNAUTHORIZED, "An API key of this agency with the scope checks is needed.")
        return view(request, site=_site_for(key, slug), by=f"API key {key.name}", **arguments)

    return guarded


def _site_for(key: ApiKey, slug: str) -> Site:
    """Return a site of the key's agency, whose schema the host has chosen and the key was compared with."""
    site = Site.objects.filter(slug=slug).first()
    if site is None:
        raise Http404(f"There is no site {slug} for {key.prefix}")
    return site


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
@for_site
def checks_api(request: HttpRequest, site: Site, by: str) -> HttpResponse:
    """GET: a site's last checks, newest first. POST `{"url": ...}` (may be left out): start one, 202."""
    if request.method == "GET":
        checks_close_overdue(site_id=site.id)
        return JsonResponse({"checks": [check_json(site, one) for one in checks_of(site.id)]})
    try:
        check = check_start(site=site, written=_url_of(request), requested_by=by)
    except TooMany as refusal:
        return _error(HTTPStatus.TOO_MANY_REQUESTS, str(refusal), {"Retry-After": str(refusal.seconds)})
    except Refused as refusal:
        return _error(HTTPStatus.BAD_REQUEST, str(refusal))
    told = check_json(site, check)
    return JsonResponse(told, status=HTTPStatus.ACCEPTED, headers={"Location": told["self"]})


@never_cache
@csrf_exempt
@require_http_methods(["GET"])
@for_site
def check_api(request: HttpRequest, site: Site, by: str, check_id: int) -> HttpResponse:
    """One check. `state`: queued, fetching, rendering, done or failed; ask again while `finished_at` is null."""
    checks_close_overdue(site_id=site.id)
    check = check_get(site_id=site.id, check_id=check_id)
    if check is None:
        return _error(HTTPStatus.NOT_FOUND, "There is no such check.")
    return JsonResponse(check_json(site, check))


def check_json(site: Site, check: SiteCheck) -> dict[str, Any]:
    """Return a check as the API gives it."""
    answers = answers_of(check) if check.finished_at else []
    told = _answer_json(answers[0]) if answers else dict.fromkeys(("cause", "severity", "says", "fix", "copy"))
    return {
        "id": check.id,
        "self": reverse("installation:check-api", args=[site.slug, check.id]),
        "site": site.slug,
        "url": check.url,
        "state": check.state,
        **told,
        "also": [_answer_json(one) for one in answers[1:]],
        "final_url": check.result.get("url", ""),
        "browser": check.result.get("browser", ""),
        "evidence": [{"at_ms": at_ms, "text": text} for at_ms, text in check.result.get("evidence", [])],
        "created_at": check.created_at.isoformat(),
        "finished_at": check.finished_at.isoformat() if check.finished_at else None,
    }


def _answer_json(answer: Answer) -> dict[str, str]:
    return {
        "cause": answer.cause,
        "severity": answer.severity.value,
        "says": answer.says,
        "fix": answer.fix,
        "copy": answer.copy,
    }


def _url_of(request: HttpRequest) -> str:
    """Return the body's `url`, JSON or a form's; empty where there is none. Raises Refused."""
    if request.content_type != "application/json":
        return request.POST.get("url", "")
    if not request.body.strip():
        return ""
    try:
        told = json.loads(request.body[:MOST_BODY])
        url = told.get("url", "")
    except (ValueError, AttributeError):
        url = None
    if not isinstance(url, str):
        raise Refused('The body should be JSON such as {"url": "https://kestrel.example/"}.')
    return url


def _error(status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> JsonResponse:
    own = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JsonResponse({"error": text}, status=status, headers=own | (headers or {}))
