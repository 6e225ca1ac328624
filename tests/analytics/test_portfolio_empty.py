"""The agency's home where there is nothing to show yet."""

from apps.sites.models import Site
from tests.cast import Cast


def test_the_home_without_a_living_site_is_a_page(in_alder: Cast) -> None:
    Site.objects.update(status=Site.Status.ARCHIVED)
    assert in_alder.browser(in_alder.owner).get("/").status_code == 200
