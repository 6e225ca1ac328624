"""`/s/<site>/destinations/consent`: countries where the site's owner says that no marketing consent is needed."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.access import require
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock, countries
from apps.sites.access import site_or_404
from apps.sites.models import Site

from ..consent import WITHOUT_CONSENT, exempt_countries
from ..forms import ExemptionForm
from ..models import ConsentExemption, Delivery
from ..services import exemption_end, exemption_record

COUNTED_DAYS = 30
MOST_ENDED = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the exemptions of a site with their grounds, and what was withheld; on POST record one."""
    site = site_or_404(request, slug, Permission.READ)
    membership = agency_request(request).membership
    exempt = exempt_countries(site_id=site.id)
    data = request.POST if request.method == "POST" else None
    if data is not None:
        require(membership, Permission.MANAGE_RULES)
    form = ExemptionForm(data, exempt=exempt)
    if form.is_bound and form.is_valid():
        country = form.cleaned_data["country"]
        exemption_record(
            site_id=site.id,
            country=country,
            ground=form.cleaned_data["ground"],
            user_name=str(agency_request(request).user),
        )
        named = countries.country_name(country)
        messages.success(request, f"{named}: whoever wasn’t asked for marketing consent counts as exempt from now on.")
        return _back(site)
    ended = ConsentExemption.objects.filter(site_id=site.id, ended_at__isnull=False)
    withheld = Delivery.objects.filter(
        site_id=site.id,
        state=Delivery.State.WITHHELD,
        reason__in=WITHOUT_CONSENT,
        created_at__gte=clock.now() - timedelta(days=COUNTED_DAYS),
    )
    context = {
        "site": site,
        "form": form,
        "may_edit": membership.may(Permission.MANAGE_RULES),
        "exempt": sorted(exempt.values(), key=lambda one: countries.country_name(one.country)),
        "ended": ended.order_by("-ended_at")[:MOST_ENDED],
        "withheld": withheld.count(),
        "unasked": withheld.filter(reason="consent_unasked").count(),
        "days": COUNTED_DAYS,
    }
    return render(request, "destinations/consent.html", context, status=422 if form.is_bound else 200)


@require_POST
def end(request: HttpRequest, slug: str, exemption_id: int) -> HttpResponse:
    """End an exemption; its record stays, and what waits under it is withheld."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    exemption = ConsentExemption.objects.filter(site_id=site.id, id=exemption_id).first()
    if exemption is None:
        raise Http404
    named, user_name = countries.country_name(exemption.country), str(agency_request(request).user)
    if exemption_end(site_id=site.id, exemption_id=exemption.id, user_name=user_name):
        messages.success(request, f"{named} isn’t exempt any more. What waits there without consent is withheld.")
    else:
        messages.info(request, f"That exemption of {named} had ended already. What is exempt now stands below.")
    return _back(site)


def _back(site: Site) -> HttpResponse:
    return HttpResponseRedirect(reverse("destinations:consent", args=[site.slug]))
