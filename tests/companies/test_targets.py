"""Target accounts: reading a list, bringing it, what came of it, taking off, taking along."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.companies import targets
from apps.companies.models import CompanyClient, KnowledgeEntry, TargetAccount
from apps.companies.targets import targets_read, text_of
from apps.core.errors import Refused
from apps.networks import databases
from tests.cast import Cast, streamed

from .reading import csv_rows, words

SITE = "/s/first-site/companies/targets"


@pytest.fixture(autouse=True)
def small_databases(settings: Any, _databases: Path) -> Iterator[None]:
    settings.BEACON_DATA_DIR = _databases
    yield
    databases.forget()


def bring(cast: Cast, text: str, who: Any = None) -> Any:
    return cast.browser(who or cast.analyst).post(f"{SITE}/new", {"list": text}, follow=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("varnholt.example", {"varnholt.example": ""}),
        ("varnholt.example, Varnholt AG\nhexley.example", {"varnholt.example": "Varnholt AG", "hexley.example": ""}),
        ("Company;Domain\nVarnholt AG;www.varnholt.example", {"varnholt.example": "Varnholt AG"}),
        ("Varnholt AG\tvarnholt.example", {"varnholt.example": "Varnholt AG"}),
        ('domain,name\n"https://shop.varnholt.example/a?b=c","Varnholt, AG"', {"varnholt.example": "Varnholt, AG"}),
        ("ida@varnholt.example", {"varnholt.example": ""}),
        ("VARNHOLT.example.\r\n\r\nvarnholt.example,Varnholt", {"varnholt.example": "Varnholt"}),
        ("http://[::1]/", {}),
        ("", {}),
    ],
)
def test_lists_as_people_write_them(text: str, expected: dict[str, str]) -> None:
    assert targets_read(text).accounts == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("gmail.com", "anybody can have a mailbox there"),
        ("mailinator.com", "anybody can have a mailbox there"),
        ("co.uk", "this is no domain that somebody can have registered"),
        ("Varnholt AG", "this is no domain that somebody can have registered"),
        ("10.1.2.3", "this is no domain"),
        (",Varnholt AG", "there is no domain in this line"),
        ("varnholt.example," + "x" * 201, "longer than 200 characters"),
    ],
)
def test_what_cant_be_one_is_told_with_its_line(line: str, why: str) -> None:
    reading = targets_read(f"fine.example\n\n{line}\n")
    assert list(reading.accounts) == ["fine.example"]
    (problem,) = reading.problems
    assert problem.line == 3 and why in problem.why


def test_a_provider_is_no_target_account(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.networks.domains import DomainOwner
    from apps.networks.kinds import NetworkKind

    monkeypatch.setattr(targets, "owner_of_domain", lambda domain: DomainOwner("", NetworkKind.CONSUMER))
    assert "this is a provider’s" in targets_read("telecom.example").problems[0].why


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="kB"):
        text_of(b"x" * 1_000_001)
    monkeypatch.setattr(targets, "MOST_LINES", 2)
    with pytest.raises(Refused, match="more than 2 lines"):
        targets_read("a1.example\na2.example\na3.example")
    assert text_of("Müller".encode("cp1252")) == "Müller"


def test_a_list_is_brought_and_brought_again(worked_month: Cast) -> None:
    answer = bring(worked_month, "varnholt.example,Varnholt AG\nhexley.example,Hexley")
    assert answer.redirect_chain == [(SITE, 302)]
    page = words(answer.content.decode())
    assert "Target accounts: 2 new, 0 there already." in page
    assert "1 of 2 domains that First waits for have come to its sites." in page
    assert "varnholt.example Varnholt AG 1 h ago" in page and "hexley.example Hexley not yet" in page
    again = words(bring(worked_month, "hexley.example,Hexley Freight\nhexley.example\ngmail.com").content.decode())
    assert "Target accounts: 0 new, 1 there already, 1 in the list more than once, 1 not taken." in again
    assert "3 gmail.com anybody can have a mailbox there" in again
    assert set(TargetAccount.objects.values_list("domain", "name", "client_id")) == {
        ("varnholt.example", "Varnholt AG", worked_month.first.id),
        ("hexley.example", "Hexley Freight", worked_month.first.id),
    }
    # Who is known already has it in its history, the others nowhere yet.
    assert list(KnowledgeEntry.objects.values_list("company__domain", "text")) == [("varnholt.example", "watches it")]


def test_a_file_is_as_good_as_a_pasted_list(worked_month: Cast) -> None:
    file = SimpleUploadedFile("list.csv", "\ufeffdomain;name\nhexley.example;Hexley GmbH".encode())
    worked_month.browser(worked_month.analyst).post(f"{SITE}/new", {"file": file, "list": ""})
    assert TargetAccount.objects.get().name == "Hexley GmbH"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Paste some domains"), ("gmail.com", "1 not taken"), ('a.example\n"x\x00' * 3, "not taken")],
)
def test_where_nothing_is_taken_the_page_says_why(worked_month: Cast, text: str, said: str) -> None:
    answer = bring(worked_month, text)
    if not TargetAccount.objects.exists():
        assert answer.status_code == 422
    assert said in words(answer.content.decode())


def test_a_client_has_only_so_many(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "MOST_OF_A_CLIENT", 1)
    assert "take some away first" in words(bring(worked_month, "a1.example\na2.example").content.decode())
    assert not TargetAccount.objects.exists()


def test_they_are_shown_by_whether_they_came_taken_off_and_taken_along(worked_month: Cast) -> None:
    bring(worked_month, "varnholt.example\nhexley.example,=Hexley\nwestmere.example")
    browser = worked_month.browser(worked_month.analyst)
    waiting = words(browser.get(f"{SITE}?show=waiting").content.decode())
    # Westmere came to the second client alone: of this client it is one that hasn't.
    assert "All 3 Came 1 Not yet 2" in waiting and "westmere.example" in waiting
    rows = csv_rows(streamed(browser.get(f"{SITE}?format=csv")))
    assert [(row["Domain"], row["Name"]) for row in rows] == [
        ("varnholt.example", "Varnholt AG"),
        ("hexley.example", "'=Hexley"),
        ("westmere.example", ""),
    ]
    gone = browser.post(f"{SITE}/gone", {"domain": ["hexley.example", "nobody.example", "\x00"]}, follow=True)
    assert "1 target account taken off the list." in words(gone.content.decode())
    assert TargetAccount.objects.count() == 2


def test_whom_a_correction_took_away_hasnt_come(worked_month: Cast) -> None:
    """What the client noted of it is kept, and its row with it."""
    bring(worked_month, "varnholt.example")
    CompanyClient.objects.filter(company__domain="varnholt.example").update(is_left=True, tags=["Fair"])
    page = words(worked_month.browser(worked_month.analyst).get(SITE).content.decode())
    assert "All 1 Came 0 Not yet 1" in page
    (row,) = targets.targets_of(client_id=worked_month.first.id)
    assert (row.company_id, row.company_name, row.last_seen_at) == (None, None, None)


def test_each_client_has_its_own(worked_month: Cast) -> None:
    bring(worked_month, "varnholt.example")
    other = worked_month.browser(worked_month.owner).get("/s/second-site/companies/targets").content.decode()
    assert "varnholt.example" not in other.replace("varnholt.example, Varnholt AG", "")
    worked_month.browser(worked_month.owner).post(
        "/s/second-site/companies/targets/gone", {"domain": ["varnholt.example"]}
    )
    assert TargetAccount.objects.count() == 1
    assert CompanyClient.objects.filter(client_id=worked_month.second.id).exists()


@pytest.mark.parametrize(("path", "method"), [("", "get"), ("/new", "post"), ("/gone", "post")])
def test_who_may(worked_month: Cast, path: str, method: str) -> None:
    def status(who: Any, site: str = SITE) -> int:
        return int(getattr(worked_month.browser(who), method)(f"{site}{path}", {}).status_code)

    assert status(worked_month.viewer) == (200 if method == "get" else 403)
    assert status(worked_month.limited, "/s/second-site/companies/targets") == 404
    assert status(worked_month.outsider) == 404
    assert worked_month.browser(worked_month.viewer).get(f"{SITE}?format=csv").status_code == 403
