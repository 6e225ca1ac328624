"""What a delivery says, as a form: its name, value, currency and fields."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict

from apps.core.currencies import CURRENCIES

from .mapping import MOST_PARAMS, Mapped

NAME_LETTERS = 100
PARAM_LETTERS = 500
# A greater one isn't the same everywhere: JSON's readers keep 15 digits.
MOST_NUMBER = Decimal(10) ** 15
# Empty lines for fields, beside those that are filled.
FREE_ROWS = 2


class LetterForm(forms.Form):
    """`contents()` is what the form says, once it is valid. Fields come as `param` and `param_value`, in pairs."""

    name = forms.CharField(label="Name there", max_length=NAME_LETTERS)
    value = forms.DecimalField(label="Value", required=False, min_value=Decimal(0), max_digits=14, decimal_places=4)
    currency = forms.CharField(label="Currency", required=False, max_length=3)

    def __init__(self, data: QueryDict | None, *, name: str, mapped: Mapped) -> None:
        value = None if mapped.value is None else mapped.value.normalize()
        super().__init__(data, initial={"name": name, "value": value and f"{value:f}", "currency": mapped.currency})
        self._before = mapped.params
        if data is None:
            self.params = [(key, _text(one)) for key, one in mapped.params.items()]
        else:
            pairs = zip(data.getlist("param"), data.getlist("param_value"), strict=False)
            self.params = [(_clean(key), _clean(text)) for key, text in pairs][: 2 * MOST_PARAMS]

    @property
    def rows(self) -> Sequence[tuple[str, str]]:
        """The fields as they were or are typed, with some empty lines."""
        return [*(pair for pair in self.params if any(pair)), *[("", "")] * FREE_ROWS]

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].strip().upper()
        if currency and currency not in CURRENCIES:
            raise forms.ValidationError("Three letters of ISO 4217, such as EUR or USD.")
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        names = [key for key, text in self.params if key and text]
        if any(text and not key for key, text in self.params):
            self.add_error(None, "Each field needs a name.")
        if len(set(names)) < len(names):
            self.add_error(None, "A field is there twice: each has one value.")
        if len(names) > MOST_PARAMS:
            self.add_error(None, f"{MOST_PARAMS} fields at most.")
        if any(len(key) > NAME_LETTERS or len(text) > PARAM_LETTERS for key, text in self.params):
            self.add_error(None, f"A field’s name has {NAME_LETTERS} letters at most, its value {PARAM_LETTERS}.")
        return cleaned

    def contents(self) -> tuple[str, Mapped]:
        """Return name and contents. What was a number and still reads as one stays a number."""
        cleaned = self.cleaned_data
        params = {key: self._kept(key, text) for key, text in self.params if key and text}
        return cleaned["name"], Mapped(cleaned["value"], cleaned["currency"], params)

    def _kept(self, key: str, text: str) -> Any:
        before = self._before.get(key)
        if before is not None and text == _text(before):
            return before
        if isinstance(before, int | float) and not isinstance(before, bool):
            try:
                number = Decimal(text)
            except InvalidOperation:
                return text
            if number.is_finite() and number.copy_abs() < MOST_NUMBER:
                return int(number) if number == number.to_integral_value() else float(number)
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _clean(text: str) -> str:
    return text.strip().replace("\x00", "")
