"""The editor's form: one for each kind of goal, with the fields that this kind has."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from .conditions import MOST_CONDITIONS, NAME_LETTERS, PropCondition, condition_written
from .patterns import MOST_LETTERS, pattern_written
from .rules import GoalKind, GoalRule, ValueFrom

ONCE, EVERY = "once", "every"
CURRENCY = re.compile(r"[A-Z]{3}")
# Empty lines for conditions, beside those that are filled.
FREE_ROWS = 2
LONGEST_S = 3600
_FIELDS_OF = {
    GoalKind.PAGE: ("page",),
    GoalKind.EVENT: ("event_name", "page"),
    GoalKind.SCROLL: ("threshold", "page"),
    GoalKind.ENGAGED: ("threshold", "page"),
}
_THRESHOLDS = {GoalKind.SCROLL: ("Percent of the page", 1, 100), GoalKind.ENGAGED: ("Seconds", 1, LONGEST_S)}
_VALUES = ((ValueFrom.NONE, "Nothing"), (ValueFrom.FIXED, "A fixed amount"), (ValueFrom.EVENT, "The event’s own value"))

# Property, operator, value, as they were typed.
Row = tuple[str, str, str]


class GoalForm(forms.Form):
    """A goal as it is edited. `rule()` is what it asks, once the form is valid."""

    name = forms.CharField(label="Name", max_length=100)
    event_name = forms.CharField(label="Event", max_length=NAME_LETTERS)
    threshold = forms.IntegerField()
    page = forms.CharField(label="Page", max_length=MOST_LETTERS, required=False)
    counts = forms.ChoiceField(label="Counts", choices=((ONCE, "Once a visit"), (EVERY, "Each time")))
    value_from = forms.ChoiceField(label="Worth")
    value = forms.DecimalField(
        label="Amount", required=False, min_value=Decimal(0), max_digits=14, decimal_places=4, localize=False
    )
    currency = forms.CharField(label="Currency", max_length=3, required=False)

    def __init__(self, data: QueryDict | None = None, *, kind: GoalKind, name: str = "", rule: GoalRule | None = None):
        super().__init__(data, initial=_initial(name, rule))
        self.kind = kind
        for field in {"event_name", "threshold", "page"} - set(_FIELDS_OF[kind]):
            del self.fields[field]
        if kind in _THRESHOLDS:
            label, least, most = _THRESHOLDS[kind]
            self.fields["threshold"] = forms.IntegerField(label=label, min_value=least, max_value=most)
        self.fields["page"].required = kind is GoalKind.PAGE
        if kind is not GoalKind.PAGE:
            self.fields["page"].label = "On pages"
        self.fields["value_from"].choices = [  # type: ignore[attr-defined]
            (value.value, label) for value, label in _VALUES if value is not ValueFrom.EVENT or kind is GoalKind.EVENT
        ]
        self._rows = _rows_typed(data) if data is not None else _rows_of(rule)

    @property
    def rows(self) -> Sequence[Row]:
        """Return the lines for conditions, with empty ones at their end."""
        free = max(1, FREE_ROWS - len(self._rows)) if len(self._rows) < MOST_CONDITIONS else 0
        return [*self._rows, *[("", "is", "")] * free]

    def clean_page(self) -> str:
        page: str = self.cleaned_data["page"].strip()
        if not page:
            return ""
        try:
            return pattern_written(page)
        except ValueError as error:
            raise ValidationError(f"{error}.") from error

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].strip().upper()
        if currency and not CURRENCY.fullmatch(currency):
            raise ValidationError("Three letters, such as EUR or USD.")
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["conditions"] = self._conditions() if self.kind is GoalKind.EVENT else ()
        if cleaned.get("value_from") == ValueFrom.FIXED and cleaned.get("value") is None and "value" not in self.errors:
            self.add_error("value", "How much is it worth?")
        return cleaned

    def rule(self, *, goal_id: int = 0) -> GoalRule:
        """Return what the goal asks. Only of a valid form."""
        said = self.cleaned_data
        value_from = ValueFrom(said["value_from"])
        return GoalRule(
            id=goal_id,
            kind=self.kind,
            page=said.get("page", ""),
            event_name=said.get("event_name", ""),
            conditions=said["conditions"],
            threshold=said.get("threshold", 0),
            value_from=value_from,
            value=said["value"] if value_from is ValueFrom.FIXED else None,
            currency="" if value_from is ValueFrom.NONE else said["currency"],
            counts_every=said["counts"] == EVERY,
        )

    def _conditions(self) -> tuple[PropCondition, ...]:
        if len(self._rows) > MOST_CONDITIONS:
            self.add_error(None, f"A goal can have {MOST_CONDITIONS} conditions at most.")
            return ()
        conditions = []
        for row in self._rows:
            try:
                conditions.append(condition_written(*row))
            except ValueError as error:
                self.add_error(None, f"{error}.")
        return tuple(conditions)


def _initial(name: str, rule: GoalRule | None) -> dict[str, Any]:
    if rule is None:
        return {"counts": ONCE, "value_from": ValueFrom.NONE.value}
    return {
        "name": name,
        "event_name": rule.event_name,
        "threshold": rule.threshold,
        "page": rule.page,
        "counts": EVERY if rule.counts_every else ONCE,
        "value_from": rule.value_from.value,
        "value": None if rule.value is None else f"{rule.value.normalize():f}",
        "currency": rule.currency,
    }


def _rows_of(rule: GoalRule | None) -> list[Row]:
    return [(one.prop, one.op.value, one.value) for one in rule.conditions] if rule else []


def _rows_typed(data: QueryDict) -> list[Row]:
    """Return the lines in which something was written."""
    rows = zip(data.getlist("prop"), data.getlist("op"), data.getlist("wanted"), strict=False)
    return [row for row in rows if row[0].strip() or row[2].strip()]
