"""What a client knows of a company: tags, owner, watchlist, ignoring; what happens to it when sites and clients go."""

import pytest

from apps.companies.erase import clients_tidy, site_forget
from apps.companies.knowledge.entries import entries_of
from apps.companies.knowledge.ignoring import companies_ignore, companies_restore
from apps.companies.knowledge.notes import note_write
from apps.companies.knowledge.owner import owner_set
from apps.companies.knowledge.people import by_id, colleagues
from apps.companies.knowledge.tags import MOST_TAGS, tags_change, tags_known, tags_read
from apps.companies.knowledge.together import known_together
from apps.companies.knowledge.watching import companies_unwatch, companies_watch, is_watched
from apps.companies.models import Company, CompanyClient, CompanyNote, KnowledgeEntry, SavedView, TargetAccount
from apps.companies.moving import site_adopt
from apps.core import clock
from apps.core.errors import Refused
from apps.sites.models import Site
from apps.sites.services import client_delete
from apps.tracking.models import Session
from tests import factories
from tests.cast import Cast


def varnholt() -> Company:
    return Company.objects.get(domain="varnholt.example")


def known(cast: Cast, *, second: bool = False) -> CompanyClient:
    return CompanyClient.objects.get(company=varnholt(), client_id=(cast.second if second else cast.first).id)


def tag(cast: Cast, *add: str, remove: tuple[str, ...] = ()) -> int:
    ids = [varnholt().id]
    return tags_change(client_id=cast.first.id, company_ids=ids, by=cast.analyst.user, add=add, remove=remove)


def everything_written(cast: Cast) -> None:
    """Write something of each kind on Varnholt for the first client."""
    ids, by = [varnholt().id], cast.analyst.user
    tag(cast, "DACH")
    owner_set(agency=cast.alder, client_id=cast.first.id, company_ids=ids, user_id=cast.manager.user_id, by=by)
    companies_watch(client_id=cast.first.id, company_ids=ids, by=by)
    note_write(agency=cast.alder, known=known(cast), text="Budget in January", by=by, path="/")


def written(client_id: int) -> tuple[int, int, int, int]:
    return (
        CompanyClient.objects.filter(client_id=client_id).exclude(tags=[]).count(),
        CompanyNote.objects.filter(client_id=client_id).count(),
        TargetAccount.objects.filter(client_id=client_id).count(),
        KnowledgeEntry.objects.filter(client_id=client_id).count(),
    )


# --- tags -------------------------------------------------------------------------------------------------------------


def test_tags_are_trimmed_sorted_and_each_is_there_once(worked_month: Cast) -> None:
    assert tag(worked_month, "  fair   2026 ", "DACH", "dach") == 1
    assert tag(worked_month, "Dach") == 0
    assert known(worked_month).tags == ["DACH", "fair 2026"]
    assert tag(worked_month, remove=("FAIR 2026",)) == 1
    assert known(worked_month).tags == ["DACH"]
    said = [entry.text for entry in entries_of(client_id=worked_month.first.id, company_ids=[varnholt().id])]
    assert said == ["took away the tag “FAIR 2026”", "added the tags “fair 2026”, “DACH”"]


def test_a_tag_keeps_the_spelling_that_the_client_has_for_it(worked_month: Cast) -> None:
    quarry = Company.objects.get(domain="quarrystone.example")
    tag(worked_month, "DACH")
    tags_change(client_id=worked_month.first.id, company_ids=[quarry.id], by=worked_month.owner.user, add=["dach"])
    assert tags_known(client_id=worked_month.first.id) == {"DACH": 2}


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 41, "a,b", "nul\x00", "right\u202eleft"])
def test_what_is_no_tag_is_refused_and_changes_nothing(worked_month: Cast, wrong: str) -> None:
    with pytest.raises(Refused):
        tag(worked_month, "fine", wrong)
    assert known(worked_month).tags == []


def test_a_company_has_so_many_tags_and_no_more(worked_month: Cast) -> None:
    tag(worked_month, *(f"tag {number}" for number in range(MOST_TAGS)))
    with pytest.raises(Refused, match="up to 20 tags"):
        tag(worked_month, "one more")
    tag(worked_month, "one more", remove=("tag 3",))
    assert len(known(worked_month).tags) == MOST_TAGS


def test_tags_that_are_typed_together_are_parted_by_commas() -> None:
    assert tags_read(" target account, DACH ,,") == ["target account", "DACH"]


def test_another_client_learns_nothing_of_it(worked_month: Cast) -> None:
    everything_written(worked_month)
    assert written(worked_month.first.id) == (1, 1, 1, 3)
    assert written(worked_month.second.id) == (0, 0, 0, 0)
    assert known(worked_month, second=True).owner_id is None
    assert not is_watched(client_id=worked_month.second.id, domain="varnholt.example")


# --- owner, watchlist, ignoring ---------------------------------------------------------------------------------------


def give(cast: Cast, user_id: int | None, *, second: bool = False) -> int:
    client = cast.second if second else cast.first
    return owner_set(
        agency=cast.alder, client_id=client.id, company_ids=[varnholt().id], user_id=user_id, by=cast.analyst.user
    )


def test_an_owner_is_a_member_who_sees_the_client(worked_month: Cast) -> None:
    cast = worked_month
    assert (give(cast, cast.limited.user_id), give(cast, cast.limited.user_id)) == (1, 0)
    for nobody in (cast.outsider.user_id, 0, 10**12):
        with pytest.raises(Refused):
            give(cast, nobody)
    with pytest.raises(Refused):
        give(cast, cast.limited.user_id, second=True)
    assert known(cast).owner_id == cast.limited.user_id
    assert give(cast, None) == 1 and known(cast).owner_id is None


def test_whoever_leaves_or_no_longer_sees_the_client_owns_nothing(worked_month: Cast) -> None:
    cast = worked_month
    give(cast, cast.limited.user_id)

    def owner() -> object:
        seeing = by_id(colleagues(cast.alder, client_id=cast.first.id))
        return known_together([known(cast)], lambda _, user_id: user_id in seeing).owner_id

    assert owner() == cast.limited.user_id
    cast.limited.client_ids = [cast.second.id]
    cast.limited.save()
    assert owner() is None
    cast.limited.delete()
    assert owner() is None


def test_watching_twice_is_watching_once(worked_month: Cast) -> None:
    ids, by = [varnholt().id], worked_month.analyst.user
    client_id = worked_month.first.id
    assert [companies_watch(client_id=client_id, company_ids=ids, by=by) for _ in range(2)] == [1, 0]
    row = TargetAccount.objects.get()
    assert (row.domain, row.name, row.added_by) == ("varnholt.example", "Varnholt AG", str(by))
    assert [companies_unwatch(client_id=client_id, company_ids=ids, by=by) for _ in range(2)] == [1, 0]
    assert not is_watched(client_id=client_id, domain="varnholt.example")


def test_a_client_changes_nothing_of_a_company_it_doesnt_know(worked_month: Cast) -> None:
    westmere = [Company.objects.get(domain="westmere.example").id]
    client_id, by = worked_month.first.id, worked_month.owner.user
    assert tags_change(client_id=client_id, company_ids=westmere, by=by, add=["x"]) == 0
    assert companies_watch(client_id=client_id, company_ids=westmere, by=by) == 0
    assert companies_ignore(client_id=client_id, company_ids=westmere, by=by) == 0
    assert written(client_id) == (0, 0, 0, 0)


def test_ignoring_and_bringing_back_are_noted_once(worked_month: Cast) -> None:
    ids, by, client_id = [varnholt().id], worked_month.analyst.user, worked_month.first.id
    assert [companies_ignore(client_id=client_id, company_ids=ids, by=by) for _ in range(2)] == [1, 0]
    assert [companies_restore(client_id=client_id, company_ids=ids, by=by) for _ in range(2)] == [1, 0]
    said = [(entry.by_name, entry.text) for entry in entries_of(client_id=client_id, company_ids=[ids[0]])]
    assert said == [(str(by), "brought it back"), (str(by), "had it ignored")]


# --- when sites and clients go ----------------------------------------------------------------------------------------


def test_a_site_that_moves_leaves_what_people_wrote_with_its_client(worked_month: Cast) -> None:
    cast = worked_month
    everything_written(cast)
    third = factories.make_client("Third")
    Site.objects.filter(id=cast.site.id).update(client=third)
    site_adopt(site_id=cast.site.id, from_client_id=cast.first.id)
    assert written(cast.first.id) == (1, 1, 1, 3)
    assert written(third.id) == (0, 0, 0, 0)
    assert CompanyClient.objects.filter(client_id=third.id, company=varnholt()).exists()


def test_a_site_that_goes_leaves_what_people_wrote(worked_month: Cast) -> None:
    cast = worked_month
    everything_written(cast)
    Session.objects.filter(site_id=cast.site.id).delete()
    Site.objects.filter(id=cast.site.id).delete()
    site_forget(site_id=cast.site.id)
    # Quarrystone, of which nobody wrote anything, is gone with the site.
    assert list(CompanyClient.objects.filter(client_id=cast.first.id).values_list("company__domain", flat=True)) == [
        "varnholt.example"
    ]
    assert written(cast.first.id) == (1, 1, 1, 3)


def test_it_goes_with_the_client_and_what_others_know_stays(worked_month: Cast) -> None:
    cast = worked_month
    everything_written(cast)
    tags_change(client_id=cast.second.id, company_ids=[varnholt().id], by=cast.owner.user, add=["ours"])
    Session.objects.filter(site_id=cast.site.id).delete()
    Site.objects.filter(id=cast.site.id).delete()
    site_forget(site_id=cast.site.id)
    client_id = cast.first.id
    client_delete(client=cast.first)
    assert (clients_tidy(), clients_tidy()) == (1, 0)
    assert written(client_id) == (0, 0, 0, 0)
    assert not CompanyClient.objects.filter(client_id=client_id).exists()
    assert known(cast, second=True).tags == ["ours"]


def test_a_sites_saved_views_go_with_it(worked_month: Cast) -> None:
    cast = worked_month
    for site_id in (cast.site.id, cast.other_site.id, None):
        SavedView.objects.create(name="Hot", site_id=site_id, owner_id=1, query="view=hot", created_at=clock.now())
    site_forget(site_id=cast.site.id)
    assert set(SavedView.objects.values_list("site_id", flat=True)) == {cast.other_site.id, None}
