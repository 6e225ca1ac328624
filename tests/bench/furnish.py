"""Make the benchmarks' agency and site, and note them in the data folder; run by `world`, with Django's settings."""

import django
from django.conf import settings


def main() -> None:
    django.setup()
    from apps.agencies.services.agencies import agency_create
    from apps.agencies.services.users import user_create
    from apps.core.tenancy import in_schema
    from apps.sites.services import client_create, site_create
    from tests.bench.world import DOMAIN, SITE_KEY

    owner = user_create(email="bench@example.com", name="Bench", password="bench-bench-bench", is_confirmed=True)
    agency = agency_create(name="Bench", slug="bench", owner=owner)
    schema = str(agency.schema_name)
    with in_schema(schema):
        site = site_create(client=client_create(name="Bench"), name="Bench", domains=[DOMAIN], site_key=SITE_KEY)
    (settings.BEACON_DATA_DIR / "bench-site").write_text(f"{schema} {site.id}")


if __name__ == "__main__":
    main()
