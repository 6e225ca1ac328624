"""A profile set by hand: its form, and the view behind `/s/<site>/companies/<id>/profile`."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.countries import NAMES
from apps.sites.access import site_or_404

from ..models import Company
from ..selectors import company_known_to
from .panel import LABELS, field_text, profile_may_edit, source_of
from .reading import (
    MOST_EMPLOYEES,
    MOST_LETTERS,
    MOST_TECHNOLOGIES,
    TECHNOLOGY_LETTERS,
    Employees,
    Profile,
    technologies_read,
    text_read,
)
from .writing import FIELDS, profile_give_back, profile_read, profile_set, said_of

TECHNOLOGIES_LETTERS = MOST_TECHNOLOGIES * (TECHNOLOGY_LETTERS + 2)
_INPUTS = {"employees": ("employees_from", "employees_to")}


def _countries() -> list[tuple[str, str]]:
    return [("", "Unknown"), *sorted(NAMES.items(), key=lambda pair: pair[1])]


class ProfileForm(forms.Form):
    """What is known of a company. Each field remembers what was shown, so that only what was changed is set by hand."""

    industry = forms.CharField(label="Industry", max_length=MOST_LETTERS, required=False, show_hidden_initial=True)
    employees_from = forms.IntegerField(
        label="Employees, from", min_value=1, max_value=MOST_EMPLOYEES, required=False, show_hidden_initial=True
    )
    employees_to = forms.IntegerField(
        label="Employees, to", min_value=1, max_value=MOST_EMPLOYEES, required=False, show_hidden_initial=True
    )
    country = forms.ChoiceField(
        label="Country of its seat", choices=_countries, required=False, show_hidden_initial=True
    )
    city = forms.CharField(label="City of its seat", max_length=MOST_LETTERS, required=False, show_hidden_initial=True)
    technologies = forms.CharField(
        label="Technologies",
        max_length=TECHNOLOGIES_LETTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        show_hidden_initial=True,
    )

    def __init__(self, company: Company, data: Any = None) -> None:
        self._stands = profile_read(company)
        super().__init__(data, initial=_initial(self._stands))

    def shown(self) -> list[str]:
        """Return the hidden fields that remember what was shown."""
        return [field.as_hidden(only_initial=True) for field in self]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        least, most = cleaned.get("employees_from"), cleaned.get("employees_to")
        if most is not None and (least is None or least > most):
            self.add_error("employees_to", "From how many, up to how many? The second must not be smaller.")
        for field in self._meant():
            shown = [self._shown(name) for name in _INPUTS.get(field, (field,))]
            if shown != [_written(_initial(self._stands)[name]) for name in _INPUTS.get(field, (field,))]:
                text = field_text(self._stands, field) or "unknown"
                self.add_error(None, f"{LABELS[field]} was changed meanwhile: it is {text}. Open the page anew.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Return what was changed, as the profile has it. Only of a valid form."""
        said = self.cleaned_data
        least, most = said["employees_from"], said["employees_to"]
        wanted = Profile(
            industry=text_read(said["industry"]),
            employees=None if least is None else Employees(least, most),
            country=said["country"],
            city=text_read(said["city"]),
            technologies=technologies_read(said["technologies"]),
        )
        meant = self._meant()
        return {name: getattr(wanted, name) for name in meant if getattr(wanted, name) != getattr(self._stands, name)}

    def _meant(self) -> list[str]:
        """Return the profile's fields that were changed against what was shown."""
        return [field for field in FIELDS if set(_INPUTS.get(field, (field,))) & set(self.changed_data)]

    def _shown(self, name: str) -> str:
        return _written(self.data.get(self.add_initial_prefix(name), ""))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def site_company_profile(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Set a company's profile by hand, or give a field back (`back`) to what the provider says.

    404 for a company that the site's client doesn't know; 403 for lower roles, and for members limited to some clients.
    """
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    member = agency_request(request)
    known = company_known_to(company_id=company_id, client_id=site.client_id)
    if known is None:
        raise Http404
    if not profile_may_edit(member.membership):
        raise PermissionDenied("A company’s profile is the whole agency’s: whoever sees all clients may set it.")
    company = known.company
    here = reverse("companies:site-company-profile", args=[site.slug, company.id])
    if request.method == "POST" and "back" in request.POST:
        fields = [field for field in FIELDS if field == request.POST["back"]]
        profile_give_back(company_id=company.id, fields=fields)
        for field in fields:
            messages.success(request, f"{LABELS[field]} is what the provider says again.")
        return HttpResponseRedirect(here)
    form = ProfileForm(company, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changes = form.changes()
        if changes:
            profile_set(company_id=company.id, values=changes, by=str(member.user))
            messages.success(request, f"The profile of {company.name} is saved.")
        return HttpResponseRedirect(reverse("companies:site-company", args=[site.slug, company.id]))
    context = {
        "site": site,
        "company": company,
        "form": form,
        "why": {field: _why(company, field, request, ZoneInfo(site.time_zone)) for field in FIELDS},
        "by_hand": [
            (field, LABELS[field]) for field in FIELDS if (said := said_of(company, field)) and said.is_by_hand
        ],
    }
    return render(request, "companies/profile_edit.html", context, status=422 if form.is_bound else 200)


def _why(company: Company, field: str, request: HttpRequest, zone: ZoneInfo) -> str:
    source = source_of(company, field, membership=agency_request(request).membership, zone=zone)
    return f"{source[:1].upper()}{source[1:]}." if source else "Nobody has said it yet."


def _initial(profile: Profile) -> dict[str, Any]:
    return {
        "industry": profile.industry,
        "employees_from": profile.employees.least if profile.employees else None,
        "employees_to": profile.employees.most if profile.employees else None,
        "country": profile.country,
        "city": profile.city,
        "technologies": ", ".join(profile.technologies),
    }


def _written(value: object) -> str:
    """Return a value as a form has it, line ends and outer blanks aside."""
    return "" if value is None else " ".join(str(value).split())
