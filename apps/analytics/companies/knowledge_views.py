"""Changing what a site's client knows of a company: watchlist, owner, tags, ignoring, notes. For analysts and up."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.companies.knowledge.ignoring import companies_ignore, companies_restore
from apps.companies.knowledge.notes import LONGEST_NOTE, may_change, note_change, note_delete, note_write
from apps.companies.knowledge.owner import owner_set
from apps.companies.knowledge.people import colleagues
from apps.companies.knowledge.tags import tags_change, tags_read
from apps.companies.knowledge.together import ids_together
from apps.companies.knowledge.watching import companies_unwatch, companies_watch
from apps.companies.models import CompanyClient, CompanyNote
from apps.companies.selectors import company_known_to
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .knowing import mentionable
from .page_views import company_page

DIGITS = 18


@require_POST
def company_watch(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Put a company on the client's watchlist (`watch=on`) or take it off (`watch=off`)."""
    site, known = _known_or_404(request, slug, company_id)
    by = agency_request(request).user
    if request.POST.get("watch") == "on":
        companies_watch(client_id=known.client_id, company_ids=[company_id], by=by)
    else:
        companies_unwatch(client_id=known.client_id, company_ids=[company_id], by=by)
    return _back(request, site, known)


@require_POST
def company_owner(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Give a company to a member (`owner`: the user's number), or to nobody (empty)."""
    site, known = _known_or_404(request, slug, company_id)
    member, wanted = agency_request(request), request.POST.get("owner", "")
    # Its own owner stands before those of what was merged into it; to be nobody's, all have to be.
    try:
        owner_set(
            agency=member.agency,
            client_id=known.client_id,
            company_ids=[company_id] if wanted else ids_together(known),
            user_id=_number(wanted) if wanted else None,
            by=member.user,
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return _back(request, site, known)


@require_POST
def company_tags(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Add tags (`add`: with commas between them) or take one away (`remove`)."""
    site, known = _known_or_404(request, slug, company_id)
    client_id, by = known.client_id, agency_request(request).user
    try:
        if remove := request.POST.get("remove", ""):
            tags_change(client_id=client_id, company_ids=ids_together(known), by=by, remove=[remove])
        if add := tags_read(request.POST.get("add", "")):
            tags_change(client_id=client_id, company_ids=[company_id], by=by, add=add)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return _back(request, site, known)


@require_POST
def company_ignore(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Have the client see nothing of a company any more (`do=ignore`), or show it again (`do=restore`)."""
    site, known = _known_or_404(request, slug, company_id)
    by, client = agency_request(request).user, site.client
    if request.POST.get("do") == "restore":
        companies_restore(client_id=known.client_id, company_ids=ids_together(known), by=by)
        messages.success(request, f"{known.company} is back in {client}’s lists.")
    else:
        companies_ignore(client_id=known.client_id, company_ids=[company_id], by=by)
        messages.success(request, f"{known.company} is ignored for {client}. Nothing is deleted.")
    return _back(request, site, known)


@require_POST
def company_notes(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Write a note (`text`). One that is refused stands on the page again, with what is wrong."""
    site, known = _known_or_404(request, slug, company_id)
    member, text = agency_request(request), request.POST.get("text", "")
    try:
        note_write(agency=member.agency, known=known, text=text, by=member.user, path=_path(site, known))
    except Refused as refusal:
        return company_page(request, site, known, draft=text, draft_error=str(refusal))
    return _back(request, site, known, "#notes")


@require_http_methods(["GET", "HEAD", "POST"])
def company_note(request: HttpRequest, slug: str, company_id: int, note_id: int) -> HttpResponse:
    """Show a note for changing, change it (`text`) or delete it (`do=delete`). 403 for another's, but for managers."""
    site, known = _known_or_404(request, slug, company_id)
    member = agency_request(request)
    note = CompanyNote.objects.filter(id=note_id, company_id__in=ids_together(known), client_id=known.client_id).first()
    if note is None:
        raise Http404
    if not may_change(note, member.membership):
        raise PermissionDenied(f"This note is {note.author_name}’s: only they and managers change it.")
    if request.method != "POST":
        return _editor(member, site, known, note, note.text)
    try:
        if request.POST.get("do") == "delete":
            note_delete(note=note, by=member.membership)
            messages.success(request, "The note is deleted.")
        else:
            text, path = request.POST.get("text", ""), _path(site, known)
            note_change(agency=member.agency, note=note, text=text, by=member.membership, path=path)
    except Refused as refusal:
        return _editor(member, site, known, note, request.POST.get("text", note.text), error=str(refusal))
    return _back(request, site, known, "#notes")


def _known_or_404(request: HttpRequest, slug: str, company_id: int) -> tuple[Site, CompanyClient]:
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    known = company_known_to(company_id=company_id, client_id=site.client_id)
    if known is None:
        raise Http404
    return site, known


def _editor(
    request: AgencyRequest, site: Site, known: CompanyClient, note: CompanyNote, text: str, *, error: str = ""
) -> HttpResponse:
    people = colleagues(request.agency, client_id=known.client_id)
    context = {
        "site": site,
        "company": known.company,
        "note": note,
        "text": text,
        "error": error,
        "mentionable": mentionable(people),
        "longest_note": LONGEST_NOTE,
        "back_url": _path(site, known),
    }
    return render(request, "companies/note.html", context, status=422 if error else 200)


def _number(text: str) -> int:
    """Return a user's number; for nonsense one that nobody has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < DIGITS else 0


def _path(site: Site, known: CompanyClient) -> str:
    return reverse("companies:site-company", args=[site.slug, known.company_id])


def _back(request: HttpRequest, site: Site, known: CompanyClient, place: str = "") -> HttpResponse:
    """Go to the company's page, in the list that one came from."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(_path(site, known) + (f"?{query}" if query else "") + place)
