"""What people write of how companies are told."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.sites.identified import KINDS

from .links import LONGEST_NAME, MOST_LINKS, Limits, Link, LinksWrong, links_parse, parameter_clean

LONGEST_LIST = MOST_LINKS * (LONGEST_NAME + 200)
# What of a long list with many mistakes is shown.
MOST_FAULTS = 10


class KindsForm(forms.Form):
    """A switch for each kind of organisation."""

    def __init__(self, data: Any = None, *, kinds: Collection[str] = ()) -> None:
        super().__init__(data, initial=dict.fromkeys(kinds, True))
        for name, kind in KINDS.items():
            self.fields[name] = forms.BooleanField(label=kind.label, required=False)

    @property
    def chosen(self) -> list[str]:
        return [name for name in KINDS if self.cleaned_data.get(name)]

    @property
    def rows(self) -> list[tuple[forms.BoundField, str]]:
        """Return each switch with why one would have it on."""
        return [(self[name], kind.why) for name, kind in KINDS.items()]


class LinksForm(forms.Form):
    """A parameter, and whose its values are. `links` is cleaned to a list of Link."""

    parameter = forms.CharField(
        label="Parameter",
        required=False,
        max_length=64,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    links = forms.CharField(
        label="Links",
        required=False,
        max_length=LONGEST_LIST,
        widget=forms.Textarea(
            {"rows": 8, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "wrap": "off"}
        ),
    )

    def __init__(self, *args: Any, own: set[str], limits: Limits | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = own
        self.limits = limits

    def clean_parameter(self) -> str:
        try:
            return parameter_clean(self.cleaned_data["parameter"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_links(self) -> list[Link]:
        try:
            return links_parse(self.cleaned_data["links"], own=self.own, limits=self.limits)
        except LinksWrong as error:
            rest = len(error.faults) - MOST_FAULTS
            more = [f"And {rest} more like these."] if rest > 0 else []
            raise ValidationError([*error.faults[:MOST_FAULTS], *more]) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("links") and "parameter" in values and not values["parameter"]:
            self.add_error("parameter", "Name the parameter in which these values stand, such as c.")
        return values
