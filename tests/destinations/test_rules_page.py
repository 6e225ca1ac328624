"""The rules' editor: what it makes, what it refuses, and the request that it shows before anything is sent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.companies.models import Company
from apps.destinations.conditions import Conditions, conditions_met, conditions_unmet
from apps.destinations.mapping import Mapping, ValueFrom, mapping_read
from apps.destinations.models import Delivery, Destination, RoutingRule
from apps.destinations.previews import Draft, message_for, rule_problems
from apps.destinations.providers.base import Problem
from apps.destinations.providers.registry import PROVIDERS
from apps.destinations.providers.webhook.provider import Webhook
from apps.destinations.samples import event_names, sample_make
from apps.destinations.words import rule_words
from apps.sites.models import Goal
from apps.tracking.models import Conversion
from tests.cast import Cast
from tests.goaling import goal_make

from .conftest import NOW, convert, rule_make, webhook_make
from .test_setup import BASE, text

PLAIN: dict[str, Any] = {"source": "goal", "value_from": "conversion"}


def full(goal: Goal) -> dict[str, Any]:
    return PLAIN | {
        "goal": str(goal.id),
        "pages": "/demo*\n",
        "countries": "Germany\nat",
        "least_value": "40",
        "company_kinds": ["business"],
        "temperatures": ["hot", "warm"],
        "least_score": "50",
        "name": "Lead",
        "value_from": "fixed",
        "value": "90.50",
        "currency": "usd",
        "param": ["plan", "where", ""],
        "text": ["{prop.plan}", "on {page_path}", ""],
    }


def test_a_rule_is_made_changed_and_taken_away(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    webhook.rules.all().delete()
    browser, here = in_alder.browser(in_alder.limited), f"{BASE}/{webhook.id}"
    assert browser.post(f"{here}/rules/new", full(goal))["Location"] == here
    rule = RoutingRule.objects.get()
    assert (rule.source, rule.goal_id, rule.event_name, rule.created_at) == ("goal", goal.id, "", NOW)
    assert rule.changed_by == str(in_alder.limited.user)
    words = rule_words(rule, {goal.id: goal.name}, Webhook())
    assert words.when == (
        "When the goal Demo request is reached, on /demo*, in Germany or Austria, worth 40 or more, "
        "by a company of the kind business, by a company that is hot or warm, by a company with a score of 50 or more"
    )
    assert words.what == "As Lead, worth 90.50 USD, with plan = {prop.plan}, where = on {page_path}"
    page = text(in_alder.browser(in_alder.viewer).get(here))
    assert words.when in page and words.what in page
    # What it says stands in the form again, and is the same when it is saved.
    form = text(browser.get(f"{here}/rules/{rule.id}"))
    for kept in ('value="Lead"', "Germany\nAustria", 'value="90.5"', 'value="{prop.plan}"', "<details", " open>"):
        assert kept in form, kept
    kept_before = (rule.conditions, rule.mapping)
    browser.post(f"{here}/rules/{rule.id}", full(goal) | {"value": "90.5"})
    rule.refresh_from_db()
    assert rule.conditions == kept_before[0] and mapping_read(rule.mapping).value == Decimal("90.5")
    browser.post(f"{here}/rules/{rule.id}", {"source": "event", "event_name": "download", "value_from": "none"})
    rule.refresh_from_db()
    assert (rule.source, rule.goal_id, rule.event_name, rule.conditions) == ("event", None, "download", {})
    assert "From then on nothing goes to CRM by it." in text(browser.get(f"{here}/rules/{rule.id}/remove"))
    assert browser.post(f"{here}/rules/{rule.id}/remove")["Location"] == here
    assert not RoutingRule.objects.exists()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"goal": ""}, "Which goal?"),
    ({"goal": "999999"}, "Select a valid choice"),
    ({"source": "event"}, "Which event?"),
    ({"countries": "Atlantis"}, "Atlantis isn’t a country’s English name"),
    ({"pages": "*"}, "Line 1, *:"),
    ({"value": ""}, "How much is it worth?"),
    ({"currency": "EURO"}, "at most 3 characters"),
    ({"currency": "XXZ"}, "Three letters of ISO 4217"),
    ({"param": ["a"], "text": ["{compny}"]}, "a: {compny} stands for nothing. There are {goal}"),
    ({"param": ["a", "a"], "text": ["1", "2"]}, "The field a stands there twice."),
    ({"param": ["a"], "text": [""]}, "The field a needs both a name and what is put into it."),
    ({"least_score": "101"}, "less than or equal to 100"),
]


def test_what_can_t_be_is_refused_in_words(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    webhook.rules.all().delete()
    browser, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/rules/new"
    for changed, said in REFUSED:
        assert said in text(browser.post(path, full(goal) | changed), 422), changed
    assert not RoutingRule.objects.exists()


def test_a_field_is_kept_without_what_the_database_can_t_keep(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    webhook.rules.all().delete()
    form = full(goal) | {"param": ["pl\x00an", "\x00"], "text": ["a\x00b", " \x00"]}
    in_alder.browser(in_alder.manager).post(f"{BASE}/{webhook.id}/rules/new", form)
    assert mapping_read(webhook.rules.get().mapping).params == {"plan": "ab"}


def test_another_site_s_goal_and_another_destination_s_rule_aren_t_there(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    theirs = goal_make(in_alder.other_site, "event", name="Theirs", event_name="demo")
    other = webhook_make(in_alder.site, "")
    manager = in_alder.browser(in_alder.manager)
    text(manager.post(f"{BASE}/{webhook.id}/rules/new", PLAIN | {"goal": str(theirs.id)}), 422)
    rule = webhook.rules.get()
    for path in (f"{BASE}/{other.id}/rules/{rule.id}", f"{BASE}/{other.id}/rules/{rule.id}/remove"):
        assert manager.post(path, PLAIN | {"goal": str(goal.id)}).status_code == 404
    assert webhook.rules.get().changed_by == "Ann"


def preview(cast: Cast, destination: Destination, form: dict[str, Any]) -> str:
    browser = cast.browser(cast.manager)
    path = f"{BASE}/{destination.id}/rules/new"
    fragment = text(browser.post(path, form | {"preview": "1"}, headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    # Without script the same stands in the page.
    page = text(browser.post(path, form | {"preview": "1"}), 422 if "missing or wrong" in fragment else 200)
    assert fragment.strip()[:200] in page
    return fragment


def test_the_preview_shows_the_exact_request_for_a_real_event(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    conversion = convert(goal, in_alder.site)
    convert(goal, in_alder.site, minutes=0.5, consent_marketing="denied")
    convert(goal, in_alder.site, minutes=0.4, country="FR")
    form = PLAIN | {"goal": str(goal.id), "countries": "Germany", "param": ["plan"], "text": ["{prop.plan}"]}
    shown = preview(in_alder, webhook, form)
    assert "Of the latest 3" in shown and "<b>1</b> would go" in shown and "This would go" in shown
    assert "<b>1</b> not (no marketing consent)" in shown and "<b>1</b> not (condition not met)" in shown
    assert f"&quot;event_id&quot;: &quot;{conversion.event_id}&quot;" in shown
    assert "&quot;plan&quot;: &quot;pro&quot;" in shown and "webhook-signature: ••••" in shown
    refused = Conversion.objects.order_by("id")[1]
    shown = preview(in_alder, webhook, form | {"sample": str(refused.event_id)})
    assert "This would not go" in shown and "The visitor refused marketing." in shown
    foreign = Conversion.objects.order_by("id")[2]
    shown = preview(in_alder, webhook, form | {"sample": str(foreign.event_id)})
    assert "The visitor’s country, France, is none of them." in shown
    assert not Delivery.objects.exists()


def test_the_preview_of_what_never_happened_says_that_it_is_made_up(in_alder: Cast, webhook: Destination) -> None:
    shown = preview(in_alder, webhook, {"source": "event", "event_name": "never", "value_from": "event"})
    assert "A made-up event" in shown and "&quot;value&quot;: 49.9" in shown and "This would go" in shown
    shown = preview(in_alder, webhook, {"source": "event", "value_from": "none"})
    assert "missing or wrong" in shown and "Which event?" in shown


def test_what_the_provider_never_takes_is_said_and_isn_t_saved(in_alder: Cast, goal: Goal) -> None:
    settings, secrets = {"measurement_id": "G-EXAMPLE00"}, {"api_secret": "a-secret-of-ga4"}
    made = webhook_make(in_alder.site, "", provider="ga4", settings=settings, secrets=secrets)
    form = PLAIN | {"goal": str(goal.id), "name": "1st demo"}
    rule = "A name has letters, digits and _, and begins with a letter (NAME_INVALID)."
    assert rule in preview(in_alder, made, form)
    page = text(in_alder.browser(in_alder.manager).post(f"{BASE}/{made.id}/rules/new", form), 422)
    assert "GA4 would refuse everything that this rule sends" in page and rule in page
    assert not RoutingRule.objects.exists()
    # What is wrong with one visitor is no fault of the rule.
    convert(goal, in_alder.site)
    shown = preview(in_alder, made, form | {"name": "first_demo"})
    assert "<b>1</b> not (nobody to recognise)" in shown and "would refuse everything" not in shown
    assert (
        in_alder.browser(in_alder.manager).post(f"{BASE}/{made.id}/rules/new", form | {"name": ""}).status_code == 302
    )


def test_with_everything_known_no_provider_refuses_an_ordinary_rule(in_alder: Cast, goal: Goal) -> None:
    fixed = Mapping(value_from=ValueFrom.FIXED, value=Decimal(5), currency="EUR")
    for provider in PROVIDERS.values():
        made = Destination(id=1, site_id=in_alder.site.id, provider=provider.key, settings={"url": "https://a.example"})
        for of_goal, event in ((goal, ""), (None, "signup")):
            draft = Draft(of_goal, event, Conditions(), fixed)
            found: list[Problem] = rule_problems(destination=made, provider=provider, site=in_alder.site, draft=draft)
            assert found == [], provider.key
            sample = sample_make(site=in_alder.site, goal=of_goal, event_name=event)
            assert provider.unmatchable(message_for(made, provider, draft, sample)) == "", provider.key


def test_conditions_that_aren_t_met_are_said_and_only_they(in_alder: Cast) -> None:
    sample = sample_make(site=in_alder.site)
    met = Conditions(
        pages=("/sample",), countries=("DE",), least_value=Decimal(49), company_kinds=("business",), least_score=50
    )
    unmet = Conditions(
        pages=("/other",), countries=("FR",), least_value=Decimal(50), temperatures=("hot",), least_score=51
    )
    assert conditions_met(met, sample.occurrence, sample.page)
    assert conditions_unmet(met, sample.occurrence, sample.page) == []
    assert conditions_unmet(unmet, sample.occurrence, sample.page) == [
        "It happened on /sample, which is none of the pages.",
        "The visitor’s country, Germany, is none of them.",
        "Its value, 49.90, is below 50.",
        "The company’s temperature, warm, is none of them.",
        "The company’s score, 50, is below 51.",
    ]


def test_names_of_events_seen_lately_are_offered(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    convert(goal, in_alder.site, name="signup")
    convert(goal, in_alder.site, minutes=60 * 24 * 40, name="long_gone")
    assert event_names(site_id=in_alder.site.id) == ["signup"]
    page = text(in_alder.browser(in_alder.manager).get(f"{BASE}/{webhook.id}/rules/new"))
    assert '<option value="signup">' in page and "Demo request" in page


def test_a_company_s_fields_and_too_old_events_in_the_preview(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    convert(goal, in_alder.site, company_id=company.id)
    form = PLAIN | {"goal": str(goal.id), "param": ["who"], "text": ["{company} ({company_kind})"]}
    assert "Varnholt AG (business)" in preview(in_alder, webhook, form)
    Conversion.objects.all().delete()
    convert(goal, in_alder.site, minutes=timedelta(days=91).total_seconds() / 60)
    assert "Webhook takes nothing that is older than 90 days." in preview(in_alder, webhook, form)


def test_a_rule_that_isn_t_understood_is_said_to_be(in_alder: Cast, webhook: Destination) -> None:
    rule = rule_make(webhook, event_name="demo")
    RoutingRule.objects.filter(id=rule.id).update(mapping={"value_from": "stars"})
    manager = in_alder.browser(in_alder.manager)
    assert manager.get(f"{BASE}/{webhook.id}/rules/{rule.id}").status_code == 302
    assert "This version of Beacon doesn’t understand it" in text(manager.get(f"{BASE}/{webhook.id}"))
