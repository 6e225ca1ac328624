"""Make the fault tests' agencies and sites in the running Beacon, and note them in its data folder (a process of its
own, with Django's settings)."""

import json

import django
from django.conf import settings

AGENCIES = ("elm", "fir")
SITES_OF_EACH = 2


def main() -> None:
    django.setup()
    from apps.agencies.services.agencies import agency_create
    from apps.agencies.services.users import user_create
    from apps.core.tenancy import in_schema
    from apps.sites.services import client_create, site_create

    places = []
    for slug in AGENCIES:
        owner = user_create(email=f"{slug}@example.com", name=slug, password="korrekt-pferd-9", is_confirmed=True)
        agency = agency_create(name=slug.title(), slug=slug, owner=owner)
        schema = str(agency.schema_name)
        with in_schema(schema):
            client = client_create(name="C")
            for number in range(SITES_OF_EACH):
                site = site_create(client=client, name=f"S{number}", domains=[f"{slug}{number}.example"])
                place = {"agency": slug, "schema": schema, "site_id": site.id, "site_key": site.site_key}
                places.append(place | {"domain": f"{slug}{number}.example"})
    (settings.BEACON_DATA_DIR / "places.json").write_text(json.dumps(places), encoding="utf-8")


if __name__ == "__main__":
    main()
