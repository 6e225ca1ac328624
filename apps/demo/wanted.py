"""Whom the demo's first client wants: its own rules with an ideal customer, firms' profiles, mails about them."""

import random

import msgspec

from apps.agencies.models import User
from apps.alerts.models import Subscription
from apps.alerts.subscriptions import subscription_set
from apps.companies.models import Company
from apps.companies.profiles.reading import Employees
from apps.companies.profiles.writing import profile_set
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.rules import IdealCustomer, Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.saving import scoring_save
from apps.scoring.versions import scoring_of
from apps.sites.models import Goal, Site

from .goals import DEMO_REQUESTED
from .stories import Story

IDEAL = IdealCustomer(
    industries=("Manufacturing", "Industrial equipment", "Automotive", "Energy and utilities"),
    countries=("DE", "AT", "CH", "NL"),
    employees_from=250,
    technologies=("LabVIEW", "MATLAB", "TwinCAT"),
)
# Intent counts for more than by default: many read, few buy.
WEIGHTS = Weights(intent=0.25, engagement=0.25)
NOTE = "Whoever only reads stood too high: of goals just demo requests count, and whether a firm fits."
EMPLOYEES = (Employees(50, 249), Employees(250, 999), Employees(1_000, 4_999), Employees(5_000, None))
TECHNOLOGIES = (("LabVIEW", "SAP S/4HANA"), ("MATLAB", "SolidWorks"), ("TwinCAT",), ("SAP S/4HANA",), ("Salesforce",))


def scoring_ensure(site: Site) -> None:
    """Give the site rules of its own, unless it ever had some."""
    if scoring_of(site.id).own_version:
        return
    goal = Goal.objects.filter(site=site, name=DEMO_REQUESTED).first()
    rules = tuple(_narrowed(rule, goal) if goal else rule for rule in DEFAULT_SCORING.rules)
    scoring = Scoring(rules=rules, weights=WEIGHTS, ideal=IDEAL)
    scoring_save(site_id=site.id, scoring=scoring, expected_version=0, note=NOTE, user_name="Ida Sandvik")


def _narrowed(rule: Rule, goal: Goal) -> Rule:
    if rule.kind is not RuleKind.GOAL:
        return rule
    return msgspec.structs.replace(rule, name=goal.name, match=Match(goal_id=goal.id))


def mails_ensure(site: Site, user: User) -> None:
    """Have somebody told of companies that turn hot, and of each week."""
    for kind in (Subscription.Kind.HOT, Subscription.Kind.DIGEST):
        subscription_set(user_id=user.id, site_id=site.id, kind=kind, is_wanted=True)


def profiles_ensure(told: tuple[Story, ...], *, by: str) -> int:
    """Set by hand what is known of the firms in stories that came and of which nothing is known; return how many.

    Seat and industry are those of the network's register, size and technologies are invented: the same each time.
    """
    places = {story.place.domain: story.place for story in told}
    companies = Company.objects.filter(domain__in=list(places), profile={}).order_by("domain")
    for company in companies:
        draw = random.Random(f"profile of {company.domain}")
        values = {
            "industry": places[company.domain].industry,
            "employees": draw.choice(EMPLOYEES),
            "country": places[company.domain].country,
            "technologies": draw.choice(TECHNOLOGIES),
        }
        profile_set(company_id=company.id, values={name: value for name, value in values.items() if value}, by=by)
    return len(companies)
