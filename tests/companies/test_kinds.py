"""Which kinds of organisation become companies: the site's own choice, else the agency's, else the usual ones."""

from apps.companies.kinds import kinds_of
from apps.sites.identified import USUAL
from apps.sites.models import CompanyDefaults
from tests.cast import Cast


def test_a_site_that_says_nothing_has_the_agencys_kinds_or_the_usual_ones(in_alder: Cast) -> None:
    site_id = in_alder.site.id
    assert kinds_of([site_id]) == {site_id: USUAL} == {site_id: frozenset({"business", "government", "education"})}
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    assert kinds_of([site_id]) == {site_id: frozenset({"business"})}


def test_a_sites_own_choice_stands_above_the_agencys(in_alder: Cast) -> None:
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    in_alder.site.company_kinds = ["education", "consumer", "of another version"]
    in_alder.site.save()
    in_alder.other_site.company_kinds = []
    in_alder.other_site.save()
    gone = 2**62
    assert kinds_of([in_alder.site.id, in_alder.other_site.id, gone]) == {
        in_alder.site.id: frozenset({"education", "consumer"}),
        in_alder.other_site.id: frozenset(),
        gone: frozenset({"business"}),
    }
