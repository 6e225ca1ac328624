"""The tag: the one line that a client's page needs."""

from dataclasses import dataclass

from django.conf import settings

from .models import Site


@dataclass(frozen=True, slots=True)
class Tag:
    """What the tag is made of, and its text."""

    script_url: str
    site_key: str
    has_hash_routes: bool

    @property
    def text(self) -> str:
        hash_routes = " data-hash" if self.has_hash_routes else ""
        return f'<script async src="{self.script_url}" data-site-id="{self.site_key}"{hash_routes}></script>'


def tag_of(site: Site) -> Tag:
    return Tag(f"{settings.BEACON_TRACK_URL}/b.js", site.site_key, site.hash_routes)
