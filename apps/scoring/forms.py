"""The editor's forms: a rule of each kind with the fields that it has, the weights, the ideal customer."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from apps.core import countries
from apps.sites.goals.conditions import MOST_CONDITIONS, NAME_LETTERS, PropCondition, condition_written
from apps.sites.goals.patterns import MOST_STARS, pattern_written
from apps.tracking.steps.acquisition import Channel

from .formulas import HORIZON
from .kinds import KINDS
from .rules import IdealCustomer, Match, Rule, RuleKind, Weights
from .words import WEIGHT_LABELS, amount_words

MOST_POINTS = 100
MOST_CAP = 1000
MOST_PAGES = 50
MOST_VALUES = 100
VALUE_LETTERS = 255
MOST_COUNT = 100
LONGEST_S = 3600
MOST_EMPLOYEES = 10_000_000
# Empty lines for conditions, beside those that are filled.
FREE_ROWS = 2
# Property, operator, value, as they were typed.
Row = tuple[str, str, str]


class LinesField(forms.CharField):
    """Several texts, each in a line; empty lines and what stands there twice are left out."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def __init__(self, *, most: int = MOST_VALUES, **more: Any) -> None:
        super().__init__(max_length=40_000, **more)
        self.most = most

    def to_python(self, value: Any) -> tuple[str, ...]:  # type: ignore[override]
        lines = (line.strip() for line in str(value or "").splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > self.most:
            raise ValidationError(f"{self.most} lines at most.")
        if any(len(line) > VALUE_LETTERS * 2 for line in value):
            raise ValidationError(f"A line has {VALUE_LETTERS * 2} letters at most.")

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)


class RuleForm(forms.Form):
    """A rule as it is edited. `rule()` is it, once the form is valid."""

    name = forms.CharField(label="Name", max_length=100)
    pages = LinesField(label="Pages", most=MOST_PAGES, required=False)
    event = forms.CharField(label="Event", max_length=NAME_LETTERS)
    goal_id = forms.ChoiceField(label="Goal", required=False)
    count = forms.IntegerField(label="Visits", min_value=1, max_value=MOST_COUNT)
    days = forms.IntegerField(label="Within days", min_value=1, max_value=HORIZON.days)
    channels = forms.MultipleChoiceField(
        label="Channels",
        required=False,
        choices=[(channel.value, channel.value) for channel in Channel],
        widget=forms.CheckboxSelectMultiple,
    )
    sources = LinesField(label="Sources", required=False)
    campaigns = LinesField(label="Campaigns", required=False)
    percent = forms.IntegerField(label="Percent of the page", min_value=1, max_value=100)
    seconds = forms.IntegerField(label="Seconds", min_value=1, max_value=LONGEST_S)
    points = forms.FloatField(label="Points", min_value=-MOST_POINTS, max_value=MOST_POINTS)
    cap = forms.FloatField(label="At most", required=False, min_value=0, max_value=MOST_CAP)
    window_days = forms.IntegerField(label="Only the last", required=False, min_value=1, max_value=HORIZON.days)
    is_on = forms.BooleanField(label="On", required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        kind: RuleKind,
        rule: Rule | None = None,
        goals: Sequence[tuple[int, str]] = (),
    ) -> None:
        super().__init__(data, initial=_initial(rule))
        self.kind = kind
        self.takes = KINDS[kind].takes
        for field in set(Match.__struct_fields__) - {"conditions"} - set(self.takes):
            del self.fields[field]
        if "pages" in self.takes:
            self.fields["pages"].required = "pages" in KINDS[kind].needs
        if "goal_id" in self.takes:
            choices = [("", "Any goal"), *((str(goal_id), name) for goal_id, name in goals)]
            kept = rule.match.goal_id if rule else None
            if kept is not None and str(kept) not in dict(choices):
                choices.append((str(kept), "A goal that is archived"))
            self.fields["goal_id"].choices = choices  # type: ignore[attr-defined]
        if kind is RuleKind.VISITORS:
            self.fields["count"].label = "Visitors in a day"
        if kind is RuleKind.RECENCY:
            self.fields["days"].label = "Days away"
        self._rows = _rows_typed(data) if data is not None else _rows_of(rule)

    @property
    def rows(self) -> Sequence[Row]:
        """Return the lines for conditions, with empty ones at their end."""
        free = max(1, FREE_ROWS - len(self._rows)) if len(self._rows) < MOST_CONDITIONS else 0
        return [*self._rows, *[("", "is", "")] * free]

    def clean_pages(self) -> tuple[str, ...]:
        pages = []
        for number, page in enumerate(self.cleaned_data["pages"], 1):
            try:
                pages.append(pattern_written(page))
            except ValueError as error:
                raise ValidationError(f"Line {number}, {page[:60]}: {error}.") from error
        return tuple(pages)

    def clean_campaigns(self) -> tuple[str, ...]:
        campaigns: tuple[str, ...] = self.cleaned_data["campaigns"]
        for number, campaign in enumerate(campaigns, 1):
            if campaign.count("*") > MOST_STARS:
                raise ValidationError(f"Line {number}, {campaign[:60]}: a campaign has {MOST_STARS} stars at most.")
        return campaigns

    def clean_points(self) -> float:
        points: float = self.cleaned_data["points"]
        if round(points, 2) == 0:
            raise ValidationError("A rule without points does nothing: give some, or switch it off.")
        return round(points, 2)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["conditions"] = self._conditions() if "conditions" in self.takes else ()
        if self.kind is RuleKind.SOURCE and not any(cleaned.get(one) for one in ("channels", "sources", "campaigns")):
            self.add_error(None, "Name a channel, a source or a campaign.")
        points, cap = cleaned.get("points"), cleaned.get("cap")
        if points is not None and points > 0:
            if cap is None and "cap" not in self.errors:
                cleaned["cap"] = points
            elif cap is not None and cap < points:
                self.add_error("cap", f"At least what one time brings: {amount_words(points)}.")
        return cleaned

    def rule(self, *, key: str) -> Rule:
        """Return the rule. Only of a valid form."""
        said = self.cleaned_data
        match: dict[str, Any] = {name: said[name] for name in self.takes}
        for name in ("channels", "sources", "campaigns"):
            if name in match:
                match[name] = tuple(match[name])
        if "goal_id" in match:
            match["goal_id"] = int(match["goal_id"]) if match["goal_id"] else None
        points = said["points"]
        return Rule(
            key=key,
            name=said["name"],
            kind=self.kind,
            points=points,
            cap=points if points < 0 else round(said["cap"], 2),
            match=Match(**match),
            window_days=said["window_days"],
            is_on=said["is_on"],
        )

    def _conditions(self) -> tuple[PropCondition, ...]:
        if len(self._rows) > MOST_CONDITIONS:
            self.add_error(None, f"A rule can have {MOST_CONDITIONS} conditions at most.")
            return ()
        conditions = []
        for row in self._rows:
            try:
                conditions.append(condition_written(*row))
            except ValueError as error:
                self.add_error(None, f"{error}.")
        return tuple(conditions)


class WeightsForm(forms.Form):
    """What each part weighs in the total, in hundredths; they needn't add up to anything."""

    contact = forms.FloatField(label="Contact", min_value=0, max_value=100)
    fit = forms.FloatField(label="Fit", min_value=0, max_value=100)
    intent = forms.FloatField(label="Intent", min_value=0, max_value=100)
    engagement = forms.FloatField(label="Engagement", min_value=0, max_value=100)
    learned = forms.FloatField(label="Learned", min_value=0, max_value=100)

    def __init__(self, data: QueryDict | None = None, *, weights: Weights) -> None:
        values = {name: round(100 * getattr(weights, name), 2) for name in WEIGHT_LABELS}
        initial = {name: int(value) if value == int(value) else value for name, value in values.items()}
        super().__init__(data, initial=initial)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        known = cleaned.get("intent"), cleaned.get("engagement")
        # As they are stored: what rounds to nothing is nothing.
        if None not in known and not any(_weight(value) for value in known):  # type: ignore[arg-type]
            raise ValidationError(
                "Give intent or engagement some weight: of most companies nothing else is known, and they would have"
                " no score."
            )
        return cleaned

    def weights(self) -> Weights:
        """Return the weights. Only of a valid form."""
        return Weights(**{name: _weight(self.cleaned_data[name]) for name in WEIGHT_LABELS})


def _weight(hundredths: float) -> float:
    return round(hundredths / 100, 4)


class IdealForm(forms.Form):
    """The ideal customer; what is left empty isn't asked."""

    industries = LinesField(label="Industries", required=False)
    countries = LinesField(label="Countries", required=False, most=300)
    employees_from = forms.IntegerField(label="Employees, from", required=False, min_value=1, max_value=MOST_EMPLOYEES)
    employees_to = forms.IntegerField(label="Employees, up to", required=False, min_value=1, max_value=MOST_EMPLOYEES)
    technologies = LinesField(label="Technologies", required=False)

    def __init__(self, data: QueryDict | None = None, *, ideal: IdealCustomer) -> None:
        named = [countries.NAMES.get(code, code) for code in ideal.countries]
        initial = {
            "industries": ideal.industries,
            "countries": tuple(named),
            "employees_from": ideal.employees_from,
            "employees_to": ideal.employees_to,
            "technologies": ideal.technologies,
        }
        super().__init__(data, initial=initial)

    def clean_countries(self) -> tuple[str, ...]:
        codes = {name.casefold(): code for code, name in countries.NAMES.items()}
        found = []
        for written in self.cleaned_data["countries"]:
            code = codes.get(written.casefold()) or (written.upper() if written.upper() in countries.NAMES else None)
            if code is None:
                raise ValidationError(f"{written[:60]} isn’t a country’s English name or two-letter code.")
            found.append(code)
        return tuple(dict.fromkeys(found))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        least, most = cleaned.get("employees_from"), cleaned.get("employees_to")
        if least is not None and most is not None and most < least:
            self.add_error("employees_to", "Not fewer than the least.")
        return cleaned

    def ideal(self) -> IdealCustomer:
        """Return the ideal customer. Only of a valid form."""
        said = self.cleaned_data
        return IdealCustomer(
            industries=said["industries"],
            countries=said["countries"],
            employees_from=said["employees_from"],
            employees_to=said["employees_to"],
            technologies=said["technologies"],
        )


def _initial(rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"is_on": True}
    said: dict[str, Any] = {name: getattr(rule.match, name) for name in Match.__struct_fields__ if name != "conditions"}
    said["channels"] = list(rule.match.channels)
    for name in ("count", "days", "percent", "seconds"):
        said[name] = said[name] or None
    said["goal_id"] = "" if rule.match.goal_id is None else str(rule.match.goal_id)
    return said | {
        "name": rule.name,
        "points": _short(rule.points),
        "cap": None if rule.points < 0 else _short(rule.cap),
        "window_days": rule.window_days,
        "is_on": rule.is_on,
    }


def _short(amount: float) -> float | int:
    return int(amount) if amount == int(amount) else amount


def _rows_of(rule: Rule | None) -> list[Row]:
    return [(one.prop, one.op.value, one.value) for one in rule.match.conditions] if rule else []


def _rows_typed(data: QueryDict) -> list[Row]:
    """Return the lines in which something was written."""
    rows = zip(data.getlist("prop"), data.getlist("op"), data.getlist("wanted"), strict=False)
    return [row for row in rows if row[0].strip() or row[2].strip()]
