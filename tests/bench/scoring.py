"""Fill a site with companies and time their scores; run by `scores`, with Django's settings. Prints JSON."""

import json
import random
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import django

# Of each run, the median of so many companies.
COMPANIES_EACH = 30


def main(schema: str, site_id: int, companies: int, runs: int) -> dict[str, Any]:
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from apps.companies.models import Company
    from apps.core import clock
    from apps.core.tenancy import in_schema
    from apps.scoring.models import Score
    from apps.scoring.runs import run_ask, run_work
    from apps.scoring.services import scores_cool
    from apps.sites.models import Site
    from apps.tracking.models import Event, Session
    from tests.bench.companies import companies_make, company_make_great
    from tests.bench.overviewing import Browser

    call_command("collectstatic", "--noinput", verbosity=0)  # pages name files by their digests
    with in_schema(schema):
        client_id = Site.objects.get(id=site_id).client_id
        companies_make(site_id=site_id, client_id=client_id, now=clock.now(), companies=companies)
        ids = list(Company.objects.values_list("id", flat=True))
        facts = {"companies": len(ids), "visits": Session.objects.count(), "events": Event.objects.count()}

        def make_all() -> None:
            run_ask(site_id=site_id)
            while not run_work(site_id):
                pass

        found: dict[str, Any] = {"make_all": [_seconds(make_all) for _ in range(max(1, runs // 2))]}
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE score")
        facts["hot now"] = Score.objects.filter(told_temperature="hot").count()
        draw = random.Random(7)
        chosen = [draw.sample(ids, min(len(ids), COMPANIES_EACH)) for _ in range(runs)]
        found["read_one"] = [median(_ms(_read(site_id, one)) for one in some) for some in chosen]
        found["make_one"] = [median(_ms(_make(site_id, one)) for one in some) for some in chosen]
        busiest = _busiest(site_id)
        found["make_busiest"] = [_ms(_make(site_id, busiest)) for _ in range(runs)]
        found["cool"] = [_ms(scores_cool) for _ in range(runs)]
        found["read_stored"] = [_ms(_stored(site_id)) for _ in range(runs)]
        found["list"] = [_ms(_listed(site_id)) for _ in range(runs)]
    browser = Browser(schema, site_id)
    found["page"] = browser.timed("companies", {"period": "30d", "sort": "-score"}, runs)
    with in_schema(schema):
        great = company_make_great(site_id=site_id, client_id=client_id, now=clock.now())
        found["make_great"] = [_seconds(_make(site_id, great)) for _ in range(runs)]
    found["great_page"] = [took / 1000 for took in browser.timed(f"companies/{great}", {}, runs)]
    return found | {"facts": facts}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ms(work: Callable[[], object]) -> float:
    return _seconds(work) * 1000


def _read(site_id: int, company_id: int) -> Callable[[], object]:
    from apps.scoring.loading import activity_of

    return lambda: activity_of(site_id=site_id, company_id=company_id)


def _make(site_id: int, company_id: int) -> Callable[[], object]:
    from apps.scoring.models import ScoreDue
    from apps.scoring.services import scores_work

    ScoreDue.objects.create(site_id=site_id, company_id=company_id)
    return scores_work


def _busiest(site_id: int) -> int:
    from django.db.models import Count

    from apps.tracking.models import Session

    by_company = Session.objects.filter(site_id=site_id).values("company_id").annotate(n=Count("id"))
    return int(by_company.order_by("-n")[0]["company_id"] or 0)


def _stored(site_id: int) -> Callable[[], object]:
    from apps.scoring.models import Score

    rows = Score.objects.filter(site_id=site_id).order_by("-visits", "company_id").values_list("company_id", "visits")
    return lambda: list(rows.all()[:50])


def _listed(site_id: int) -> Callable[[], object]:
    from django.db import connection

    from apps.core import clock
    from apps.scoring.at_moment import best_scores_select

    best = best_scores_select(site_ids=[site_id], at=clock.now())

    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT company.name, best.total, best.temperature FROM company JOIN ({best.sql}) AS best"
                " ON best.company_id = company.id ORDER BY best.total DESC, company.id LIMIT 50",
                best.params,
            )
            return cursor.fetchall()

    return ask


if __name__ == "__main__":
    schema, site_id, companies, runs = sys.argv[1:]
    print(json.dumps(main(schema, int(site_id), int(companies), int(runs))))
