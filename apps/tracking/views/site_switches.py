"""`/s/<site>/settings`: what is measured, and of whom."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.agencies.roles import Permission
from apps.sites.access import site_or_404
from apps.sites.forms import ExtrasForm, PrivacyForm
from apps.sites.models import Site
from apps.sites.services import site_set_extras, site_set_privacy
from apps.sites.snippet import tag_of

from ..consent_words import consent_counts

SAVED = "Saved. Pages follow by themselves, from their next visit on."
SAVED_TAG = "Saved. The tag has changed: copy it again, and put it on the page in place of the old one."


@require_POST
def site_extras(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch extras on and off; what isn't named is off."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = ExtrasForm(request.POST)
    form.full_clean()  # switches are on or off, and never wrong
    site_set_extras(site=site, extras=form.chosen)
    messages.success(request, SAVED)
    return _back(site, "measured")


@require_POST
def site_privacy(request: HttpRequest, slug: str) -> HttpResponse:
    """Change of whom anything is taken. Says so where the page's tag has to follow."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = PrivacyForm(request.POST)
    form.full_clean()
    before = tag_of(site)
    site_set_privacy(site=site, **form.cleaned_data)
    messages.success(request, "Saved." if tag_of(site) == before else SAVED_TAG)
    return _back(site, "privacy")


@require_safe
@never_cache
def site_consent_counts(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer how the visits of the last days fell by what their visitors agreed to."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    context = {"site": site, "counts": consent_counts(site_id=site.id)}
    return render(request, "tracking/_consent_counts.html", context)


def _back(site: Site, section: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('tracking:site-settings', args=[site.slug])}#{section}")
