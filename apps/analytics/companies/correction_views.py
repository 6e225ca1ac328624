"""Correcting whose visits are: from a company's page, from a visit's page, and the list of what was corrected.

What concerns the whole agency (merging, splitting, renaming, "not a company") is for members who see all of its
clients: its preview would tell the others of clients that aren't theirs. Single visits anybody may correct who may edit
companies and sees the visit.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.agencies.access import member_view
from apps.agencies.models import Membership
from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.companies import correcting
from apps.companies.correction_reach import correction_preview
from apps.companies.corrections import Kind, corrections_within
from apps.companies.models import Company, CompanyCorrection
from apps.companies.selectors import company_known_to, company_spoken_for
from apps.core.errors import Refused
from apps.sites.access import clients_visible, site_or_404, sites_visible
from apps.sites.models import Site
from apps.tracking.selectors import session_get

from .correction_forms import LONGEST_SEARCH, companies_found, companies_known, marks_of
from .correction_words import correction_line, correction_words, names_of, preview_context, visits_words

FOLDER = "companies/corrections"
LISTED = 200


@require_safe
def company_correct(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Ask what is wrong with a company, and lead on."""
    site, company = _company(request, slug, company_id)
    context = {"site": site, "company": company, "is_limited": _is_limited(request)}
    return render(request, f"{FOLDER}/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def company_merge(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Search for the company that this one is in truth, show what would move, and merge."""
    site, company = _company(request, slug, company_id)
    if _is_limited(request):
        return _limited(request, site, company)
    given = request.POST if request.method == "POST" else request.GET
    search, to = given.get("q", "")[:LONGEST_SEARCH], given.get("to", "")

    def correction() -> CompanyCorrection:
        return correcting.merging(
            domain=company.domain, to_domain=correcting.domain_read(to), to_name=correcting.name_read(_name(given))
        )

    client_ids = _client_ids(request)
    found = companies_found(search, client_ids=client_ids, without=company.domain)
    context = {"site": site, "company": company, "q": search, "found": found, "to": to, "name": _name(given)}
    return _page(request, "merge", context, correction if to else None, lambda made: _company_url(site, made.to_domain))


@require_http_methods(["GET", "HEAD", "POST"])
def company_split(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Show by what a company's visits differ, what would move, and split them off."""
    site, company = _company(request, slug, company_id)
    if _is_limited(request):
        return _limited(request, site, company)
    given = request.POST if request.method == "POST" else request.GET
    marks, to = given.getlist("mark"), given.get("to", "")

    def correction() -> CompanyCorrection:
        pairs = [mark.partition(":") for mark in marks]
        if len({field for field, _, _ in pairs}) > 1:
            raise Refused("Choose marks of one kind: sites, networks or e-mail domains.")
        return correcting.splitting(
            domain=company.domain,
            to_domain=correcting.domain_read(to),
            to_name=correcting.name_read(_name(given)),
            field=pairs[0][0] if pairs else "site",
            values=[value for _, _, value in pairs],
        )

    offered = [{"mark": mark, "is_chosen": mark.value in marks} for mark in marks_of(company)]
    context = {"site": site, "company": company, "marks": offered, "chosen": marks, "to": to, "name": _name(given)}
    is_asked = bool(marks or to) or request.method == "POST"
    url = _company_url(site, company.domain)
    return _page(request, "split", context, correction if is_asked else None, lambda _: url)


@require_http_methods(["GET", "HEAD", "POST"])
def company_rename(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Give a company another name, for the whole agency."""
    site, company = _company(request, slug, company_id)
    if _is_limited(request):
        return _limited(request, site, company)

    def correction() -> CompanyCorrection:
        return correcting.renaming(domain=company.domain, to_name=correcting.name_read(_name(request.POST)))

    context = {"site": site, "company": company, "name": _name(request.POST) or company.name}
    url = _company_url(site, company.domain)
    return _page(request, "rename", context, correction if request.method == "POST" else None, lambda _: url)


@require_http_methods(["GET", "HEAD", "POST"])
def company_never(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Show what would become nobody's, and say that this is no company."""
    site, company = _company(request, slug, company_id)
    if _is_limited(request):
        return _limited(request, site, company)
    context = {"site": site, "company": company}
    url = reverse("companies:site-companies", args=[site.slug])
    return _page(request, "never", context, lambda: correcting.denying(domain=company.domain), lambda _: url)


@require_http_methods(["GET", "HEAD", "POST"])
def visit_reassign(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Say whose a single visit is in truth: another company's, known or new, or nobody's."""
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    session = session_get(site_id=site.id, session_id=visit_id)
    if session is None or session.set_aside:
        raise Http404
    company = Company.objects.filter(id=session.company_id).first() if session.company_id else None
    to, whose = request.POST.get("to", "").strip(), request.POST.get("whose", "company")

    def correction() -> CompanyCorrection:
        seen_alone = _client_ids(request) if _is_limited(request) else None
        to_domain = "" if whose == "nobody" else correcting.domain_read(to, client_ids=seen_alone)
        # A name is for a company that nobody knew.
        is_new = not Company.objects.filter(domain=to_domain).exists()
        return correcting.reassigning(
            session_ids=[session.id],
            domain=company.domain if company else "",
            to_domain=to_domain,
            to_name=correcting.name_read(_name(request.POST)) if is_new else "",
        )

    url = reverse("analytics:site-visit", args=[site.slug, session.id])
    context = {
        "site": site,
        "session": session,
        "company": company,
        "known": companies_known(client_ids=[site.client_id]),
        "to": to,
        "name": _name(request.POST),
        "whose": whose,
        "visit_url": url,
        "is_limited": _is_limited(request),
    }
    return _page(request, "reassign", context, correction if request.method == "POST" else None, lambda _: url)


@require_safe
@never_cache
@member_view(Permission.EDIT_COMPANIES)
def corrections(request: AgencyRequest) -> HttpResponse:
    """List what was corrected; for HTMX the list alone, which asks again while one is on its way."""
    before = request.GET.get("before", "")
    stored = _visible(request.membership).order_by("-id")
    if before.isascii() and before.isdigit() and len(before) < 19:
        stored = stored.filter(id__lt=int(before))
    found = list(stored[: LISTED + 1])
    rows = found[:LISTED]
    names = names_of(rows)
    lines = [correction_line(row, names) for row in rows]
    in_force = [line for line in lines if line.row.undone_at is None or line.is_moving]
    context = {
        "in_force": in_force,
        "undone": [line for line in lines if line not in in_force],
        "is_moving": any(line.is_moving for line in in_force),
        "older_url": f"{request.path}?before={rows[-1].id}" if len(found) > LISTED else "",
        "here": request.get_full_path(),
        "is_limited": _is_limited(request),
        "membership": request.membership,
    }
    template = "_list" if request.headers.get("HX-Request") else "list"
    return render(request, f"{FOLDER}/{template}.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.EDIT_COMPANIES)
def correction_undo(request: AgencyRequest, correction_id: int) -> HttpResponse:
    """Say what comes back, and undo a correction."""
    row = _visible(request.membership).filter(id=correction_id).first()
    if row is None:
        raise Http404
    here = reverse("companies:corrections")
    if request.method == "POST":
        if correcting.correction_undo(correction_id=row.id, by=str(request.user)):
            row.refresh_from_db()
            messages.success(request, _done(row, "The correction is undone", "came back"))
        else:
            messages.info(request, "This correction was undone before.")
        return HttpResponseRedirect(here)
    if row.undone_at is not None:
        messages.info(request, "This correction was undone before.")
        return HttpResponseRedirect(here)
    preview = correction_preview(row, undoes=True)
    names = names_of([row], preview)
    context = {"row": row, "words": correction_words(row, names), "preview": preview_context(preview, names)}
    return render(request, f"{FOLDER}/undo.html", context)


def _page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    correction: Callable[[], CompanyCorrection] | None,
    where_next: Callable[[CompanyCorrection], str],
) -> HttpResponse:
    """Show a correction's page with its preview, or make it and go on. What is refused comes back with 422."""
    error, is_sent = "", request.method == "POST"
    try:
        asked = correction() if correction else None
        if asked is not None and is_sent:
            return _make(request, asked, where_next)
        if asked is not None:
            preview = correction_preview(asked)
            names = names_of([asked], preview)
            context["preview"] = preview_context(preview, names)
            context["words"] = correction_words(asked, names)
    except Refused as refusal:
        error = str(refusal)
    return render(request, f"{FOLDER}/{name}.html", context | {"error": error}, status=422 if is_sent else 200)


def _make(
    request: HttpRequest, asked: CompanyCorrection, where_next: Callable[[CompanyCorrection], str]
) -> HttpResponse:
    made = correcting.correction_make(asked, by=str(agency_request(request).user))
    if made is None:
        messages.info(request, "This was corrected before.")
    else:
        messages.success(request, _done(made, "Corrected", "moved"))
    return HttpResponseRedirect(where_next(asked))


def _done(row: CompanyCorrection, what: str, verb: str) -> str:
    if row.kind == Kind.RENAME:
        return f"{what}."
    if row.is_carried_out:
        return f"{what}: {visits_words(row.visits_moved)} {verb}."
    return f"{what}: it holds from now on, and its {visits_words(row.visits_total or 0)} follow within minutes."


def _company(request: HttpRequest, slug: str, company_id: int) -> tuple[Site, Company]:
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    known = company_known_to(company_id=company_id, client_id=site.client_id)
    # A form that is sent twice finds the company merged away.
    company = known.company if known else company_spoken_for(company_id=company_id, client_id=site.client_id)
    if company is None:
        raise Http404
    return site, company


def _company_url(site: Site, domain: str) -> str:
    """Return a company's page; the list where the site's client doesn't know it."""
    company = Company.objects.filter(domain=domain).first()
    if company is None or company_known_to(company_id=company.id, client_id=site.client_id) is None:
        return reverse("companies:site-companies", args=[site.slug])
    return reverse("companies:site-company", args=[site.slug, company.id])


def _is_limited(request: HttpRequest) -> bool:
    return agency_request(request).membership.client_ids is not None


def _limited(request: HttpRequest, site: Site, company: Company) -> HttpResponse:
    return render(request, f"{FOLDER}/limited.html", {"site": site, "company": company}, status=403)


def _client_ids(request: HttpRequest) -> list[int]:
    return list(clients_visible(agency_request(request).membership).values_list("id", flat=True))


def _visible(membership: Membership) -> QuerySet[CompanyCorrection]:
    """Return corrections; for a limited member those of single visits on sites that they may see."""
    if membership.client_ids is None:
        return CompanyCorrection.objects.all()
    return corrections_within(sites_visible(membership).values_list("id", flat=True))


def _name(given: Any) -> str:
    return str(given.get("name", ""))[:1000].strip()
