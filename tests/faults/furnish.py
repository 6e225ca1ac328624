"""Make sites in two agencies of the running Beacon, and note them in its data folder.

A process of its own, with Django's settings. The agencies are made by the first call.
"""

import json

import django
from django.conf import settings

AGENCIES = ("elm", "fir")
SITES_OF_EACH = 2


def main() -> None:
    django.setup()
    from apps.agencies.models import Agency
    from apps.agencies.services.agencies import agency_create
    from apps.agencies.services.users import user_create
    from apps.core.ids import public_key
    from apps.core.tenancy import in_schema
    from apps.sites.services import client_create, site_create

    places = []
    for slug in AGENCIES:
        agency = Agency.objects.filter(slug=slug).first()
        if agency is None:
            owner = user_create(email=f"{slug}@example.com", name=slug, password="korrekt-pferd-9", is_confirmed=True)
            agency = agency_create(name=slug.title(), slug=slug, owner=owner)
        schema = str(agency.schema_name)
        with in_schema(schema):
            client = client_create(name=public_key())
            for _ in range(SITES_OF_EACH):
                domain = f"{public_key()}.example"
                site = site_create(client=client, name=domain, domains=[domain])
                place = {"agency": slug, "schema": schema, "site_id": site.id, "site_key": site.site_key}
                places.append(place | {"domain": domain})
    (settings.BEACON_DATA_DIR / "places.json").write_text(json.dumps(places), encoding="utf-8")


if __name__ == "__main__":
    main()
