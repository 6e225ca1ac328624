"""What people fill in: a destination beside its provider's own form, a rule, a period, an exemption."""

from collections.abc import Mapping as ReadMapping
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from apps.core import countries
from apps.core.currencies import CURRENCIES
from apps.scoring.forms import LinesField
from apps.sites.goals.conditions import NAME_LETTERS
from apps.sites.goals.patterns import pattern_written
from apps.sites.models import Goal

from .conditions import Conditions
from .mapping import MOST_PARAMS, NAMES, Mapping, ValueFrom, places_unknown
from .models import RoutingRule
from .previews import Draft

Source = RoutingRule.Source
MOST_PAGES = 50
MOST_COUNTRIES = 250
PARAM_NAME_LETTERS = 64
PARAM_LETTERS = 500
# Empty lines for fields, beside those that are filled.
FREE_ROWS = 2
LEAST_GROUND = 10
# A replay looks at no more than this at once.
MOST_DAYS = 92
# No site's data is older, nor has every zone the first days of the calendar.
OLDEST = date(2000, 1, 1)
_KINDS = (("business", "Business"), ("education", "Education"), ("government", "Government"))
_TEMPERATURES = (("hot", "Hot"), ("warm", "Warm"), ("cold", "Cold"))
_VALUES = (
    (ValueFrom.CONVERSION, "What the goal says"),
    (ValueFrom.EVENT, "The event’s own value"),
    (ValueFrom.FIXED, "A fixed amount"),
    (ValueFrom.NONE, "None"),
)
# Name, text, as they were typed.
Row = tuple[str, str]


class DestinationForm(forms.Form):
    """What every destination has beside its provider's settings."""

    name = forms.CharField(label="Name", max_length=100)
    is_test_mode = forms.BooleanField(label="Test mode", required=False)

    def __init__(self, data: QueryDict | None = None, **more: Any) -> None:
        # Providers' fields stand in the same form and have names of their own.
        super().__init__(data, prefix="destination", **more)


class RuleForm(forms.Form):
    """A rule as it is edited. `draft()` is what it says, once the form is valid."""

    source = forms.ChoiceField(label="What", choices=Source.choices, widget=forms.RadioSelect)
    goal = forms.ChoiceField(label="Goal", required=False)
    event_name = forms.CharField(label="Event", required=False, max_length=NAME_LETTERS)
    pages = LinesField(label="Pages", most=MOST_PAGES, required=False)
    countries = LinesField(label="Countries", most=MOST_COUNTRIES, required=False)
    least_value = forms.DecimalField(
        label="Worth at least", required=False, min_value=Decimal(0), max_digits=14, decimal_places=4
    )
    company_kinds = forms.MultipleChoiceField(
        label="Kind of company", required=False, choices=_KINDS, widget=forms.CheckboxSelectMultiple
    )
    temperatures = forms.MultipleChoiceField(
        label="Temperature", required=False, choices=_TEMPERATURES, widget=forms.CheckboxSelectMultiple
    )
    least_score = forms.IntegerField(label="Score at least", required=False, min_value=1, max_value=100)
    name = forms.CharField(label="Name there", required=False, max_length=100)
    value_from = forms.ChoiceField(label="Value", choices=[(one.value, label) for one, label in _VALUES])
    value = forms.DecimalField(
        label="Amount", required=False, min_value=Decimal(0), max_digits=14, decimal_places=4, localize=False
    )
    currency = forms.CharField(label="Currency", required=False, max_length=3)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        goals: Sequence[Goal],
        rule: RoutingRule | None = None,
        conditions: Conditions | None = None,
        mapping: Mapping | None = None,
    ) -> None:
        """`goals`: that may be chosen. `rule`, `conditions`, `mapping`: as they are, where there is one."""
        super().__init__(data, initial=_initial(rule, conditions, mapping, goals))
        self._goals = {str(goal.id): goal for goal in goals}
        self.fields["goal"].choices = [  # type: ignore[attr-defined]
            ("", "Choose a goal"),
            *((key, _goal_label(goal)) for key, goal in self._goals.items()),
        ]
        self._rows = _rows_typed(data) if data is not None else list((mapping or Mapping()).params.items())

    @property
    def rows(self) -> Sequence[Row]:
        """Return the lines for fields, with empty ones at their end."""
        free = max(1, FREE_ROWS - len(self._rows)) if len(self._rows) < MOST_PARAMS else 0
        return [*self._rows, *[("", "")] * free]

    def clean_pages(self) -> tuple[str, ...]:
        pages = []
        for number, page in enumerate(self.cleaned_data["pages"], 1):
            try:
                pages.append(pattern_written(page))
            except ValueError as error:
                raise ValidationError(f"Line {number}, {page[:60]}: {error}.") from error
        return tuple(pages)

    def clean_countries(self) -> tuple[str, ...]:
        found = []
        for written in self.cleaned_data["countries"]:
            code = countries.code_of(written)
            if code is None:
                raise ValidationError(f"{written[:60]} isn’t a country’s English name or two-letter code.")
            found.append(code)
        return tuple(dict.fromkeys(found))

    def clean_currency(self) -> str:
        return _currency(self.cleaned_data["currency"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("source") == Source.GOAL and not cleaned.get("goal") and "goal" not in self.errors:
            self.add_error("goal", "Which goal? A site’s goals are made under “Goals”.")
        if cleaned.get("source") == Source.EVENT and not cleaned.get("event_name") and "event_name" not in self.errors:
            self.add_error("event_name", "Which event? Its name is as the page sends it.")
        if cleaned.get("value_from") == ValueFrom.FIXED:
            if cleaned.get("value") is None and "value" not in self.errors:
                self.add_error("value", "How much is it worth?")
            if not cleaned.get("currency") and "currency" not in self.errors:
                self.add_error("currency", "In which currency?")
        cleaned["params"] = self._params()
        return cleaned

    def draft(self) -> Draft:
        """Return what the rule says. Only of a valid form."""
        said = self.cleaned_data
        is_goal = said["source"] == Source.GOAL
        value_from = ValueFrom(said["value_from"])
        return Draft(
            goal=self._goals[said["goal"]] if is_goal else None,
            event_name="" if is_goal else said["event_name"],
            conditions=Conditions(
                pages=said["pages"],
                countries=said["countries"],
                least_value=said["least_value"],
                company_kinds=tuple(said["company_kinds"]),
                temperatures=tuple(said["temperatures"]),
                least_score=said["least_score"],
            ),
            mapping=Mapping(
                name=said["name"],
                value_from=value_from,
                value=said["value"] if value_from is ValueFrom.FIXED else None,
                currency="" if value_from is ValueFrom.NONE else said["currency"],
                params=said["params"],
            ),
        )

    def _params(self) -> dict[str, str]:
        if len(self._rows) > MOST_PARAMS:
            self.add_error(None, f"A rule can have {MOST_PARAMS} fields at most.")
        params: dict[str, str] = {}
        for name, text in self._rows:
            if not name or not text:
                self.add_error(None, f"The field {name or text} needs both a name and what is put into it.")
            elif name in params:
                self.add_error(None, f"The field {name} stands there twice.")
            elif len(name) > PARAM_NAME_LETTERS or len(text) > PARAM_LETTERS:
                most = f"{PARAM_NAME_LETTERS} letters at most, and what is put into it {PARAM_LETTERS}"
                self.add_error(None, f"The field {name[:40]} is too long: a name has {most}.")
            elif unknown := places_unknown(text):
                known = ", ".join(f"{{{place}}}" for place in NAMES)
                self.add_error(None, f"{name}: {{{unknown[0]}}} stands for nothing. There are {known}, {{prop.…}}.")
            params[name] = text
        return params


class ReplayForm(forms.Form):
    """A past period, by days of the site's zone, both included."""

    first = forms.DateField(label="From", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="To", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: QueryDict | None = None, *, today: date) -> None:
        super().__init__(data, initial={"first": today - timedelta(days=6), "last": today})
        self._today = today
        for field in self.fields.values():
            field.widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last:
            if last < first:
                self.add_error("last", "Not before the first day.")
            elif first < OLDEST:
                self.add_error("first", "Nothing was counted by then.")
            elif first > self._today:
                self.add_error("first", "That day is still to come.")
            elif (last - first).days >= MOST_DAYS:
                self.add_error("last", f"{MOST_DAYS} days at most at once: choose a shorter period, then the next.")
        return cleaned


class ExemptionForm(forms.Form):
    """A country, and on what ground no marketing consent is needed there."""

    country = forms.ChoiceField(label="Country")
    ground = forms.CharField(
        label="Ground", max_length=1000, widget=forms.Textarea({"rows": 3}), min_length=LEAST_GROUND
    )

    def __init__(self, data: QueryDict | None = None, *, exempt: ReadMapping[str, object]) -> None:
        super().__init__(data)
        self._exempt = exempt
        names = sorted(countries.NAMES.items(), key=lambda pair: pair[1])
        self.fields["country"].choices = [("", "Choose a country"), *names]  # type: ignore[attr-defined]
        self.fields["ground"].error_messages["min_length"] = (
            "Say it so that somebody else understands it: which law, whose advice, of which day."
        )

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"]
        if country in self._exempt:
            name = countries.country_name(country)
            raise ValidationError(f"{name} is exempt already. To record another ground, end that one first.")
        return country


def _currency(given: str) -> str:
    currency = given.strip().upper()
    if currency and currency not in CURRENCIES:
        raise ValidationError("Three letters of ISO 4217, such as EUR or USD.")
    return currency


def _initial(
    rule: RoutingRule | None, conditions: Conditions | None, mapping: Mapping | None, goals: Sequence[Goal]
) -> dict[str, Any]:
    asked, made = conditions or Conditions(), mapping or Mapping()
    source = rule.source if rule else (Source.GOAL if goals else Source.EVENT)
    return {
        "source": source,
        "goal": str(rule.goal_id) if rule and rule.goal_id else "",
        "event_name": rule.event_name if rule else "",
        "pages": asked.pages,
        "countries": tuple(countries.NAMES.get(code, code) for code in asked.countries),
        "least_value": _plain(asked.least_value),
        "company_kinds": list(asked.company_kinds),
        "temperatures": list(asked.temperatures),
        "least_score": asked.least_score,
        "name": made.name,
        "value_from": made.value_from.value,
        "value": _plain(made.value),
        "currency": made.currency,
    }


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _goal_label(goal: Goal) -> str:
    return f"{goal.name} (archived)" if goal.archived_at else goal.name


def _rows_typed(data: QueryDict) -> list[Row]:
    """Return the lines in which something was written."""
    # The database keeps no null character.
    written = ([one.replace("\x00", "").strip() for one in data.getlist(field)] for field in ("param", "text"))
    return [row for row in zip(*written, strict=False) if any(row)]
