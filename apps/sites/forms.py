"""Forms of clients and sites."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from .exclusions import Network, agents_parse, networks_parse
from .hosts import hosts_clean
from .models import DEFAULT_RETENTION_DAYS, Client
from .parameters import parameters_parse
from .switches import EXTRAS

FOR_EVER = "ever"
RETENTIONS = (30, 90, 180, 365, 730, 1095)
# Zones by old names and abbreviations stay out of the list; whoever has one keeps it.
ODD_ZONES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


def zone_choices() -> list[tuple[str, str]]:
    zones = sorted(z for z in available_timezones() if "/" in z and not z.startswith(ODD_ZONES))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)]


class ClientForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))


class DomainsField(forms.CharField):
    """Domains, one a line; cleaned to a list of hosts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Domains",
            widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        try:
            return hosts_clean(super().clean(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class ZoneField(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="Time zone", choices=zone_choices, **kwargs)

    def valid_value(self, value: Any) -> bool:
        return value in available_timezones()


class SiteCreateForm(forms.Form):
    client = forms.ModelChoiceField(Client.objects.none(), label="Client", empty_label=None)
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    domains = DomainsField()
    time_zone = ZoneField(initial="UTC")

    def __init__(self, *args: Any, clients: Iterable[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = clients  # type: ignore[attr-defined]


class SiteForm(forms.Form):
    """A site's settings."""

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    domains = DomainsField()
    time_zone = ZoneField()
    retention = forms.ChoiceField(label="Kept for")
    hash_routes = forms.BooleanField(label="Count hash routes", required=False)
    query_parameters = forms.CharField(
        label="Parameters kept",
        required=False,
        widget=forms.Textarea({"rows": 2, "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}),
    )
    allows_null_origin = forms.BooleanField(label="Count sandboxed frames", required=False)
    rate_per_second = forms.IntegerField(
        label="Requests a second",
        required=False,
        min_value=1,
        max_value=settings.INGEST_RATE_PER_SITE_MOST,
        widget=forms.NumberInput({"placeholder": settings.INGEST_RATE_PER_SITE}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = {*RETENTIONS, DEFAULT_RETENTION_DAYS}
        initial = str(self.initial.get("retention", ""))
        kept |= {int(initial)} if initial.isdigit() else set()
        self.fields["retention"].choices = [  # type: ignore[attr-defined]
            *((str(days), f"{days} days") for days in sorted(kept)),
            (FOR_EVER, "for ever"),
        ]

    def clean_query_parameters(self) -> list[str]:
        try:
            return parameters_parse(self.cleaned_data["query_parameters"])
        except ValueError as error:
            raise ValidationError(f"{error}.") from error

    def clean_retention(self) -> int | None:
        chosen = self.cleaned_data["retention"]
        return None if chosen == FOR_EVER else int(chosen)


class ExtrasForm(forms.Form):
    """A switch for each of the tracker's extras."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, extra in EXTRAS.items():
            self.fields[name] = forms.BooleanField(label=extra.label, required=False)

    @property
    def chosen(self) -> list[str]:
        return [name for name, is_on in self.cleaned_data.items() if is_on]

    @property
    def rows(self) -> list[tuple[forms.BoundField, str]]:
        """Return each switch with why one would have it on."""
        return [(self[name], extra.why) for name, extra in EXTRAS.items()]


class PrivacyForm(forms.Form):
    """Of whom anything is taken, and what the tag may keep."""

    requires_consent = forms.BooleanField(label="Consent first", required=False)
    honours_dnt = forms.BooleanField(label="Honour Do Not Track", required=False)
    allows_storage = forms.BooleanField(label="Storage on the device", required=False)


class IgnoredForm(forms.Form):
    """The agency's own addresses."""

    addresses = forms.CharField(
        label="Addresses",
        required=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One a line; ranges such as 192.0.2.0/24 too.",
    )

    def clean_addresses(self) -> list[Network]:
        try:
            return networks_parse(self.cleaned_data["addresses"])
        except ValueError as error:
            raise ValidationError(f"{error}.") from error


class IgnoredAgentsForm(forms.Form):
    """Parts of user agents that aren't counted."""

    agents = forms.CharField(
        label="Parts of user agents",
        required=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}),
        help_text="One part a line, such as UptimeRobot; capital or small letters are the same.",
    )

    def clean_agents(self) -> list[str]:
        try:
            return agents_parse(self.cleaned_data["agents"])
        except ValueError as error:
            raise ValidationError(f"{error}.") from error


class MoveForm(forms.Form):
    client = forms.ModelChoiceField(Client.objects.none(), label="Client", empty_label=None)

    def __init__(self, *args: Any, clients: Iterable[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = clients  # type: ignore[attr-defined]
