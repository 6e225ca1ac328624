"""`/s/<site>/settings/companies` and `/settings/companies`: which organisations are companies, and links to them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.access import member_view, require_all_clients
from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.sites.access import site_or_404
from apps.sites.identified import KINDS
from apps.sites.models import Site

from ..kinds import agency_kinds, kinds_of
from .forms import KindsForm, LinksForm
from .kinds import PREVIEW_DAYS, agency_kinds_save, kinds_count, site_kinds_save
from .links import limits_of, links_of, links_preview, links_save, links_text, own_of

IN_THE_PAST = " Visits so far are being looked at anew, which takes some minutes."


@require_http_methods(["GET", "HEAD"])
@never_cache
def site_identifying(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which kinds of organisation are companies on a site, and its links."""
    return _page(request, site_or_404(request, slug, Permission.MANAGE_SITES))


@require_POST
@never_cache
def site_kinds(request: HttpRequest, slug: str) -> HttpResponse:
    """Save a site's kinds, or only show what they would change (`preview`)."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = KindsForm(request.POST)
    form.full_clean()  # switches are on or off, and never wrong
    follows = request.POST.get("whose") != "own"
    if "preview" in request.POST:
        return _page(request, site, kinds=form, follows=follows)
    reaches_back = request.POST.get("reach") == "past"
    site_kinds_save(site=site, kinds=None if follows else form.chosen, reaches_back=reaches_back)
    messages.success(request, f"Saved.{IN_THE_PAST * reaches_back}")
    return HttpResponseRedirect(reverse("companies:site-identifying", args=[site.slug]))


@require_POST
@never_cache
def site_links(request: HttpRequest, slug: str) -> HttpResponse:
    """Save a site's parameter and links, or only show who came by them (`preview`). A wrong list gives 422."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    limits = limits_of(site, agency_request(request).membership.client_ids)
    form = LinksForm(request.POST, own=own_of(site), limits=limits)
    if not form.is_valid() or "preview" in request.POST:
        return _page(request, site, links=form)
    reaches_back = request.POST.get("reach") == "past"
    links_save(
        site=site,
        parameter=form.cleaned_data["parameter"],
        links=form.cleaned_data["links"],
        reaches_back=reaches_back,
        user_name=_user(request),
    )
    messages.success(request, f"Saved.{IN_THE_PAST * reaches_back}")
    return HttpResponseRedirect(f"{reverse('companies:site-identifying', args=[site.slug])}#links")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_view(Permission.MANAGE_SITES)
def agency_identifying(request: AgencyRequest) -> HttpResponse:
    """Show and save the kinds of all sites that have none of their own. 404 for a member limited to some clients."""
    require_all_clients(request.membership)
    if request.method == "POST":
        form = KindsForm(request.POST)
        form.full_clean()
        reaches_back = request.POST.get("reach") == "past"
        agency_kinds_save(kinds=form.chosen, reaches_back=reaches_back)
        messages.success(request, f"Saved.{IN_THE_PAST * reaches_back}")
        return HttpResponseRedirect(reverse("companies:agency-identifying"))
    context = {
        "membership": request.membership,
        "kinds": KindsForm(kinds=agency_kinds()),
        "own": Site.objects.exclude(company_kinds=None).count(),
    }
    return render(request, "companies/agency_identifying.html", context)


def _page(
    request: HttpRequest,
    site: Site,
    *,
    kinds: KindsForm | None = None,
    follows: bool | None = None,
    links: LinksForm | None = None,
) -> HttpResponse:
    usual = agency_kinds()
    follows = site.company_kinds is None if follows is None else follows
    context: dict[str, object] = {
        "site": site,
        "follows": follows,
        "agency_labels": [kind.label for name, kind in KINDS.items() if name in usual],
        "kinds": kinds or KindsForm(kinds=kinds_of([site.id])[site.id]),
        "preview_days": PREVIEW_DAYS,
        "reach": request.POST.get("reach", "forward"),
    }
    if kinds is not None:
        context["counts"] = kinds_count(site_id=site.id, kinds=usual if follows else kinds.chosen)
    context["links"] = links or LinksForm(
        own=set(), initial={"parameter": site.company_parameter, "links": links_text(links_of(site.id))}
    )
    is_wrong = links is not None and not links.is_valid()
    if links is not None and not is_wrong:
        parameter = links.cleaned_data["parameter"]
        uses, others = links_preview(site=site, parameter=parameter, links=links.cleaned_data["links"])
        context |= {"uses": uses, "others": others, "is_tried": True}
    return render(request, "companies/site_identifying.html", context, status=422 if is_wrong else 200)


def _user(request: HttpRequest) -> str:
    return str(agency_request(request).user)
