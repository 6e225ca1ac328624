"""One change to many companies of the list: tags, owner, watchlist, ignoring; all that fit; undoing; who may."""

import re
from typing import Any

import pytest

from apps.agencies.roles import Role
from apps.analytics.companies import bulk as bulk_pages
from apps.companies import knowledge_bulk
from apps.companies.knowledge.together import Known, known_together, rows_together
from apps.companies.knowledge.watching import is_watched
from apps.companies.models import Company, CompanyClient, CompanyCorrection, TargetAccount
from apps.core.errors import Refused
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories import make_member

from .conftest import ago
from .reading import companies, words

SITE = "/s/first-site/companies"


def ids(*domains: str) -> list[int]:
    return [Company.objects.get(domain=domain).id for domain in domains]


def both() -> list[int]:
    return ids("varnholt.example", "quarrystone.example")


def do(cast: Cast, who: Any = None, address: str = SITE, **sent: object) -> str:
    """Send the form and return the page that it leads to."""
    answer = cast.browser(who or cast.analyst).post(f"{address}/bulk", sent, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def known(cast: Cast, domain: str, client: Any = None) -> CompanyClient:
    return CompanyClient.objects.get(company__domain=domain, client_id=(client or cast.first).id)


def test_many_are_tagged_at_once_and_it_is_undone(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    CompanyClient.objects.filter(company__domain="varnholt.example", client_id=worked_month.first.id).update(tags=["A"])
    form = {"id": both(), "action": "tag", "tag": "a, DACH", "query": "sort=name"}
    answer = browser.post(f"{SITE}/bulk", form, follow=True)
    assert answer.redirect_chain == [(f"{SITE}?sort=name", 302)]
    page = answer.content.decode()
    assert "Tagged 2 companies “a”, “DACH”." in words(page)
    assert known(worked_month, "varnholt.example").tags == ["A", "DACH"]
    assert known(worked_month, "varnholt.example", worked_month.second).tags == []
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    undone = browser.post(f"{SITE}/bulk/undo", {"key": key[1]}, follow=True).content.decode()
    assert "Undone for 2 companies." in words(undone)
    # "A" was there before, and stays.
    assert known(worked_month, "varnholt.example").tags == ["A"]
    taken = browser.post(f"{SITE}/bulk", form | {"action": "untag", "tag": "a"}, follow=True).content.decode()
    assert known(worked_month, "varnholt.example").tags == []
    taken_key = re.search(r'name="key" value="([^"]+)"', taken)
    assert taken_key is not None
    browser.post(f"{SITE}/bulk/undo", {"key": taken_key[1]})
    assert known(worked_month, "varnholt.example").tags == ["A"]
    assert known(worked_month, "quarrystone.example").tags == []
    again = browser.post(f"{SITE}/bulk/undo", {"key": key[1]}, follow=True).content.decode()
    assert "This can’t be undone any more" in words(again)


def test_an_undo_is_only_for_who_made_the_change(worked_month: Cast) -> None:
    page = do(worked_month, id=both(), action="watch")
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    worked_month.browser(worked_month.owner).post(f"{SITE}/bulk/undo", {"key": key[1]})
    assert TargetAccount.objects.count() == 2


def test_owners_come_back_as_they_were(worked_month: Cast) -> None:
    CompanyClient.objects.filter(company_id=both()[0]).update(owner_id=worked_month.owner.user_id)
    page = do(worked_month, id=both(), action="owner", owner=worked_month.analyst.user_id)
    assert f"Gave 2 companies to {worked_month.analyst.user}." in words(page)
    browser = worked_month.browser(worked_month.analyst)
    key = re.search(r'name="key" value="([^"]+)"', do(worked_month, id=both(), action="owner", owner=""))
    assert key is not None
    assert known(worked_month, "varnholt.example").owner_id is None
    browser.post(f"{SITE}/bulk/undo", {"key": key[1]})
    assert known(worked_month, "varnholt.example").owner_id == worked_month.analyst.user_id


def test_watching_and_ignoring_twice_says_so(worked_month: Cast) -> None:
    assert "Put 2 companies on the watchlist." in words(do(worked_month, id=both(), action="watch"))
    assert "2 companies: that is so already." in words(do(worked_month, id=both(), action="watch"))
    one = ids("varnholt.example")
    assert "1 company is ignored from now on." in words(do(worked_month, id=one, action="ignore"))
    assert companies(do(worked_month, id=both(), action="unwatch")) == ["Quarrystone_100% Ferrous"]
    assert "Brought 1 company back" in words(do(worked_month, id=both(), action="restore"))


def test_all_that_fit_are_those_of_the_address_on_all_pages(worked_month: Cast) -> None:
    page = do(worked_month, action="tag", tag="X", all="1", query="q=varn&page=2", id=ids("quarrystone.example"))
    assert "Tagged 1 company “X”." in words(page)
    assert known(worked_month, "quarrystone.example").tags == []
    refused = do(worked_month, action="tag", tag="X", all="1", query="f=temperature:is:icy")
    assert "Look at the filters first: Temperature can’t be “icy”" in words(refused)
    assert known(worked_month, "quarrystone.example").tags == []


def test_on_the_list_of_all_sites_each_client_changes_for_itself(worked_month: Cast) -> None:
    do(worked_month, address="/companies", id=ids("varnholt.example"), action="tag", tag="Everywhere")
    assert known(worked_month, "varnholt.example", worked_month.second).tags == ["Everywhere"]
    do(worked_month, worked_month.limited, "/companies", id=ids("varnholt.example"), action="tag", tag="Mine")
    assert known(worked_month, "varnholt.example").tags == ["Everywhere", "Mine"]
    assert known(worked_month, "varnholt.example", worked_month.second).tags == ["Everywhere"]


def test_on_the_list_of_all_sites_only_those_clients_change_at_whose_sites_it_shows_them(worked_month: Cast) -> None:
    sent = {"id": ids("varnholt.example"), "action": "tag", "tag": "Social", "query": "f=source:is:LinkedIn"}
    assert "Tagged 1 company “Social”." in words(do(worked_month, address="/companies", **sent))
    assert known(worked_month, "varnholt.example").tags == ["Social"]
    assert known(worked_month, "varnholt.example", worked_month.second).tags == []


def test_a_company_of_another_client_isnt_touched(worked_month: Cast) -> None:
    westmere = ids("westmere.example")
    assert "Choose some companies first." in words(do(worked_month, id=westmere, action="ignore"))
    assert not known(worked_month, "westmere.example", worked_month.second).is_ignored


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"action": "tag", "tag": " , "}, "Write which tag"),
        ({"action": "tag", "tag": "x" * 41}, "is too long"),
        ({"action": "tag", "tag": "\x00"}, "Write which tag"),
        ({"action": "owner", "owner": "9" * 30}, "Choose an owner from the list."),
        ({"action": "owner", "owner": "999999"}, "a member of the agency who sees this client"),
        ({"action": "delete"}, "Choose what to do with the companies."),
        ({"action": "watch", "id": "9" * 400}, "Choose some companies first."),
        ({"action": "watch", "id": "x"}, "Choose some companies first."),
        ({"action": "watch", "id": "", "query": "\x00%00"}, "Choose some companies first."),
    ],
)
def test_nonsense_changes_nothing_and_is_told(worked_month: Cast, sent: dict[str, str], said: str) -> None:
    form: dict[str, Any] = {"id": both(), **sent}
    assert said in words(do(worked_month, **form))
    assert not TargetAccount.objects.exists()
    assert not CompanyClient.objects.exclude(tags=[], owner_id=None).exists()


def test_more_than_can_be_done_at_once_is_refused(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge_bulk, "MOST", 1)
    page = words(do(worked_month, id=both(), action="watch"))
    assert "Up to 1 companies are changed at once, these are 2: filter them first." in page


@pytest.mark.parametrize("path", ["bulk", "bulk/undo"])
def test_who_may(worked_month: Cast, path: str) -> None:
    post = {"id": both(), "action": "watch"}
    assert worked_month.browser(worked_month.viewer).post(f"{SITE}/{path}", post).status_code == 403
    assert worked_month.browser(worked_month.viewer).post(f"/companies/{path}", post).status_code == 403
    assert worked_month.browser(worked_month.limited).post(f"/s/second-site/companies/{path}", post).status_code == 404
    assert worked_month.browser(worked_month.outsider).post(f"{SITE}/{path}", post).status_code == 404
    assert worked_month.browser(worked_month.owner).get(f"{SITE}/{path}").status_code == 405


def test_a_target_account_comes_back_as_it_was(worked_month: Cast) -> None:
    before = {"domain": "varnholt.example", "name": "Our dream", "added_at": ago(days=90), "added_by": "Somebody"}
    TargetAccount.objects.create(client_id=worked_month.first.id, **before)
    undo(worked_month, do(worked_month, id=both(), action="unwatch"))
    assert list(TargetAccount.objects.values("domain", "name", "added_at", "added_by")) == [before]


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        ("tag", {"tag": "Stone, New"}),
        ("untag", {"tag": "stone"}),
        ("owner", {"owner": "analyst"}),
        ("owner", {"owner": ""}),
        ("watch", {}),
        ("unwatch", {}),
        ("ignore", {}),
        ("restore", {"query": "view=ignored"}),
    ],
)
def test_of_merged_companies_all_is_changed_and_comes_back(
    worked_month: Cast, action: str, sent: dict[str, str]
) -> None:
    """Chosen by "all that fit" in a list that shows what was merged; undone, each row is again as it was."""
    cast, browser = worked_month, worked_month.browser(worked_month.analyst)
    away = CompanyClient.objects.get(company__domain="quarrystone.example", client_id=cast.first.id)
    away.tags, away.owner_id, away.is_ignored = ["Stone"], cast.manager.user_id, action == "restore"
    away.save()
    target_id, client_id = ids("varnholt.example")[0], cast.first.id
    Session.objects.filter(company_id=away.company_id).update(company_id=target_id)
    if action != "watch":
        # Of a domain that never came, and of one that did.
        for domain in ("old.example", "quarrystone.example"):
            TargetAccount.objects.create(client_id=client_id, domain=domain, added_at=ago(days=3), added_by="Jo")
    for domain in ("old.example", "quarrystone.example"):
        CompanyCorrection.objects.create(
            kind="merge", domain=domain, to_domain="varnholt.example", made_by="-", made_at=ago(days=1)
        )

    def state() -> list[Any]:
        rows = CompanyClient.objects.filter(client_id=client_id).order_by("id")
        return [
            *rows.values_list("company_id", "tags", "owner_id", "is_ignored"),
            *TargetAccount.objects.order_by("domain").values_list("domain", "added_at", "added_by"),
        ]

    before = state()
    if sent.get("owner"):
        sent = {"owner": str(cast.analyst.user_id)}
    page = browser.post(f"{SITE}/bulk", {"all": "1", "action": action, **sent}, follow=True).content.decode()
    assert "1 company" in words(page) and state() != before
    rows = rows_together(CompanyClient.objects.select_related("company").get(client_id=client_id, company=target_id))
    together = known_together(rows, lambda *_: True)
    assert together == Known(
        tags={"tag": ["New", "Stone"], "untag": []}.get(action, ["Stone"]),
        owner_id=cast.manager.user_id if action != "owner" else cast.analyst.user_id if sent["owner"] else None,
        is_ignored=action == "ignore",
    )
    assert is_watched(client_id=client_id, domain="varnholt.example") is (action != "unwatch")
    again = browser.post(f"{SITE}/bulk", {"id": target_id, "action": action, **sent}, follow=True)
    assert "1 company: that is so already." in words(again.content.decode())
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    undone = browser.post(f"{SITE}/bulk/undo", {"key": key[1]}, follow=True).content.decode()
    assert "Undone for 1 company." in words(undone)
    assert state() == before


def test_an_owner_who_has_left_is_in_no_undos_way(worked_month: Cast) -> None:
    left = make_member(worked_month.alder, Role.ANALYST)
    for id_, owner in zip(both(), (left, worked_month.owner), strict=True):
        CompanyClient.objects.filter(company_id=id_).update(owner_id=owner.user_id)
    page = do(worked_month, id=both(), action="owner", owner=worked_month.analyst.user_id)
    left.delete()
    undo(worked_month, page)
    assert known(worked_month, "varnholt.example").owner_id is None
    assert known(worked_month, "quarrystone.example").owner_id == worked_month.owner.user_id


def undo(cast: Cast, page: str) -> None:
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    answer = cast.browser(cast.analyst).post(f"{SITE}/bulk/undo", {"key": key[1]}, follow=True)
    assert "Undone for" in words(answer.content.decode())


def test_a_refused_undo_can_be_asked_for_again(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise Refused("Not now.")

    page = do(worked_month, id=both(), action="watch")
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    with monkeypatch.context() as patched:
        patched.setattr(bulk_pages, "bulk_undo", refuse)
        worked_month.browser(worked_month.analyst).post(f"{SITE}/bulk/undo", {"key": key[1]})
    undo(worked_month, page)
    assert not TargetAccount.objects.exists()
