"""The tag: the one line that a client's page needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from .models import Site
from .path_token import path_token

# Where a page of the site's own host asks for the tracker; its server passes the path on to Beacon.
EVENTS_PATH = "e"


@dataclass(frozen=True, slots=True)
class Tag:
    """What the tag is made of, and its text. `attributes`: those beside the site key, as they are written."""

    script_url: str
    site_key: str
    attributes: Sequence[str] = ()

    @property
    def text(self) -> str:
        said = "".join(f" {attribute}" for attribute in self.attributes)
        return f'<script async src="{self.script_url}" data-site-id="{self.site_key}"{said}></script>'


def tag_of(site: Site) -> Tag:
    return Tag(f"{settings.BEACON_TRACK_URL}/b.js", site.site_key, attributes_of(site))


def own_path_tag_of(site: Site) -> Tag:
    """Return the tag by the site's own path. Its host is the site's first domain, or Beacon's where it has none."""
    token = path_token(site.site_key)
    domain = site.domains.first()
    host = f"https://{domain.host}" if domain else settings.BEACON_TRACK_URL
    return Tag(f"{host}/{token}.js", site.site_key, [f'data-api="{token}/{EVENTS_PATH}"', *attributes_of(site)])


def attributes_of(site: Site) -> list[str]:
    """Return the attributes that follow from the site's switches. Extras need none: the door names them."""
    switches = {
        "data-hash": site.hash_routes,
        'data-consent="required"': site.requires_consent,
        "data-dnt": site.honours_dnt,
        "data-storage": site.allows_storage,
    }
    return [attribute for attribute, is_on in switches.items() if is_on]
