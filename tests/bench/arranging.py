"""Make the benchmarks' goal and a webhook that gets it; run by `arriving`, with Django's settings."""

import sys

import django


def main(schema: str, url: str) -> None:
    django.setup()
    from apps.core.tenancy import in_schema
    from apps.demo.webhook_stand_in.receiver import SECRET
    from apps.destinations.conditions import Conditions
    from apps.destinations.mapping import Mapping
    from apps.destinations.models import Destination, RoutingRule
    from apps.destinations.services import destination_archive, destination_create, rule_save
    from apps.sites.models import Goal, Site
    from tests.goaling import goal_make

    with in_schema(schema):
        site = Site.objects.get()
        goal = Goal.objects.filter(site_id=site.id).first()
        goal = goal or goal_make(site, "event", name="Demo request", event_name="demo", value_from="event")
        for before in Destination.objects.filter(archived_at=None):
            destination_archive(destination=before)
        destination = destination_create(
            site_id=site.id,
            provider="webhook",
            name="CRM",
            settings={"url": "https://crm.example/hook"},
            secrets={"secret": SECRET},
            is_test_mode=False,
            user_name="Bench",
            stand_in_url=url,
        )
        rule_save(
            destination=destination,
            source=RoutingRule.Source.GOAL,
            goal_id=goal.id,
            event_name="",
            conditions=Conditions(),
            mapping=Mapping(),
            user_name="Bench",
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
