"""Forms of sign-up, invitations, team and account. They check form; what speaks against a request, services say."""

import re
from collections.abc import Sequence
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse_lazy

from .hosts import RESERVED_SLUGS
from .models import Agency, User
from .roles import Role
from .services import agency_create, slug_suggest

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
ALL, SOME = "all", "some"
ROLE_TEXTS = {
    Role.OWNER: "Owner: everything, billing and ownership included",
    Role.ADMIN: "Admin: runs the agency and its team",
    Role.MANAGER: "Manager: sets up sites and clients",
    Role.ANALYST: "Analyst: reads, exports, edits companies",
    Role.VIEWER: "Viewer: reads only",
}


class AddressField(forms.CharField):
    """An agency's address. Asked for, but left empty (by a browser without script) it is made of the name."""

    def clean(self, value: Any) -> Any:
        return super().clean(value) if value else ""


class SignupForm(AllauthSignupForm):
    """A new user with a new agency."""

    agency_name = forms.CharField(label="Your agency", max_length=100)
    slug = AddressField(label="Its address", max_length=40)
    name = forms.CharField(label="Your name", max_length=100)
    field_order = ["agency_name", "slug", "name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agency: Agency | None = None
        self.host_suffix = f".{settings.BEACON_PUBLIC_HOST}"
        self.fields["agency_name"].widget.attrs |= {
            "autocomplete": "organization",
            "autofocus": True,
            # The address follows the name until somebody writes their own.
            "hx-get": reverse_lazy("signup-address"),
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#signup-address",
            "hx-swap": "outerHTML",
            "hx-include": "#signup-address input",
        }
        self.fields["slug"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].help_text = "10 characters at least."

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower() or slug_suggest(self.cleaned_data.get("agency_name", ""))
        if not SLUG.fullmatch(slug):
            raise ValidationError("Use letters a-z, digits and hyphens, at most 40.")
        if slug in RESERVED_SLUGS:
            raise ValidationError("This address is reserved: choose another one.")
        if Agency.objects.filter(slug=slug).exists():
            raise ValidationError("This address is taken: choose another one.")
        return slug

    def signup(self, request: HttpRequest, user: User) -> None:
        self.agency = agency_create(name=self.cleaned_data["agency_name"], slug=self.cleaned_data["slug"], owner=user)


class InvitedForm(forms.Form):
    """Somebody who comes in by an invitation and has no account yet."""

    name = forms.CharField(label="Your name", max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        strip=False,
        help_text="10 characters at least.",
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "password" in values:
            try:
                validate_password(values["password"], User(email=self.email, name=values.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return values


class AccessForm(forms.Form):
    """A role and the clients it is limited to. `clients` are the agency's, as choices."""

    role = forms.ChoiceField(choices=(), initial=Role.ANALYST)
    sees = forms.ChoiceField(label="Sees", choices=((ALL, "all clients"), (SOME, "only some clients")))
    client_ids = forms.TypedMultipleChoiceField(
        label="Clients", choices=(), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, clients: Sequence[tuple[int, str]], roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, ROLE_TEXTS[role]) for role in roles]  # type: ignore[attr-defined]
        self.fields["client_ids"].choices = clients  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("sees") == SOME and not values.get("client_ids"):
            self.add_error("client_ids", "Choose at least one client, or all.")
        return values

    @property
    def access(self) -> tuple[Role, list[int] | None]:
        """The role and the clients; None for all. For valid forms."""
        is_limited = self.cleaned_data["sees"] == SOME
        return Role(self.cleaned_data["role"]), self.cleaned_data["client_ids"] if is_limited else None


class InvitationForm(AccessForm):
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput({"autocomplete": "off"}))
    field_order = ["email", "role", "sees", "client_ids"]


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
