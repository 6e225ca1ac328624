"""Which mails a member wants of a site."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from .models import Subscription
from .subscriptions import MOST_PAGES, pages_read

Kind = Subscription.Kind
PAGES_LETTERS = MOST_PAGES * 502


class AlertsForm(forms.Form):
    hot = forms.BooleanField(label="A company turns hot", required=False)
    target = forms.BooleanField(label="A target account is on a page that matters", required=False)
    pages = forms.CharField(
        label="Pages that matter",
        required=False,
        max_length=PAGES_LETTERS,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "/pricing*"}),
    )
    digest = forms.BooleanField(label="New and rising companies, each Monday", required=False)

    def __init__(self, data: Any = None, *, wishes: Iterable[Subscription] = ()) -> None:
        initial: dict[str, Any] = {wish.kind: True for wish in wishes}
        for wish in wishes:
            if wish.kind == Kind.TARGET:
                initial["pages"] = "\n".join(wish.pages)
        super().__init__(data, initial=initial)

    def clean_pages(self) -> list[str]:
        try:
            return pages_read(self.cleaned_data["pages"])
        except ValueError as error:
            raise ValidationError(f"{error}.") from None
