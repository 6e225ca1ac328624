"""`/s/<site>/alerts`: which mails one wants of a site; `/account/alerts`: of all sites."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.agencies.access import member_view
from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.companies.models import TargetAccount
from apps.scoring.formulas import HOT_FROM
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Site

from .forms import AlertsForm
from .models import Subscription
from .subscriptions import subscription_set, subscriptions_end, subscriptions_of

Kind = Subscription.Kind
COLUMNS = ((Kind.HOT, "Turns hot"), (Kind.TARGET, "Target account"), (Kind.DIGEST, "Weekly digest"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def site_alerts(request: HttpRequest, slug: str) -> HttpResponse:
    """Show and change which mails the member wants of a site. Everybody who sees the site may have them."""
    site = site_or_404(request, slug, Permission.READ)
    member = agency_request(request)
    wishes = subscriptions_of(user_id=member.user.id, site_ids=[site.id])
    form = AlertsForm(request.POST if request.method == "POST" else None, wishes=wishes)
    if form.is_bound and form.is_valid():
        for kind, _ in COLUMNS:
            pages = form.cleaned_data["pages"] if kind is Kind.TARGET else ()
            is_wanted = form.cleaned_data[kind.value]
            subscription_set(user_id=member.user.id, site_id=site.id, kind=kind, is_wanted=is_wanted, pages=pages)
        messages.success(request, f"Your mails of {site.name} are saved.")
        return HttpResponseRedirect(reverse("alerts:site-alerts", args=[site.slug]))
    context = {
        "site": site,
        "form": form,
        "email": member.user.email,
        "hot_why": f"Its score reaches {HOT_FROM} by what it does on the site. The mail says why.",
        "targets": TargetAccount.objects.filter(client_id=site.client_id).count(),
        "is_archived": site.status == Site.Status.ARCHIVED,
    }
    return render(request, "alerts/site.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_view(Permission.READ)
def my_alerts(request: AgencyRequest) -> HttpResponse:
    """Show the member's mails of all sites they see; a POST ends all of them."""
    sites = list(sites_visible(request.membership).exclude(status=Site.Status.ARCHIVED))
    ids = [site.id for site in sites]
    if request.method == "POST":
        ended = subscriptions_end(user_id=request.user.id, site_ids=ids)
        messages.success(request, "You get no mails about companies any more." if ended else "There were none.")
        return HttpResponseRedirect(reverse("alerts:my-alerts"))
    wanted: dict[int, set[str]] = defaultdict(set)
    for wish in subscriptions_of(user_id=request.user.id, site_ids=ids):
        wanted[wish.site_id].add(wish.kind)
    context = {
        "columns": [label for _, label in COLUMNS],
        "rows": [
            {
                "site": site,
                "url": reverse("alerts:site-alerts", args=[site.slug]),
                "kinds": [(label, kind.value in wanted[site.id]) for kind, label in COLUMNS],
            }
            for site in sites
        ],
        "has_any": bool(wanted),
        "email": request.user.email,
        "membership": request.membership,
    }
    return render(request, "alerts/mine.html", context)
