"""Sign-up: user, agency and schema in one go, usable at once."""

from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core.mail.message import EmailMultiAlternatives
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from apps.agencies import schemas
from apps.agencies.models import Agency, SpareSchema, User
from apps.agencies.roles import Role
from apps.core.tenancy import in_schema
from apps.sites.models import Client
from tests.cast import Browser, Cast, public_browser

FORM = {"agency_name": "Kestrel & Co", "slug": "", "name": "Ida Sandvik", "email": "Ida@Kestrel.example"}
GIVEN = {**FORM, "password1": "korrekt-pferd-9"}


def test_it_makes_user_agency_and_owner(cast: Cast) -> None:
    response = public_browser().post("/signup", GIVEN)
    assert response["Location"] == "http://kestrel-co.localhost:8000/login"
    agency = Agency.objects.get(slug="kestrel-co")
    owner = agency.memberships.get()
    assert agency.name == "Kestrel & Co"
    assert agency.schema_name == f"a_{agency.pk}"
    assert (owner.role, owner.client_ids) == (Role.OWNER, None)
    assert (owner.user.email, owner.user.name) == ("ida@kestrel.example", "Ida Sandvik")
    with in_schema(str(agency.schema_name)):
        assert Client.objects.count() == 0


def test_it_lands_logged_in_on_the_agencys_host(cast: Cast) -> None:
    public = public_browser()
    public.post("/signup", GIVEN)
    agency = Browser("kestrel-co.localhost")
    away = urlsplit(agency.get("/login")["Location"])
    back = urlsplit(public.get(f"{away.path}?{away.query}")["Location"])
    assert agency.get(f"{back.path}?{back.query}")["Location"] == "/"
    assert agency.get("/settings").status_code == 200


def test_it_takes_a_spare_schema(cast: Cast) -> None:
    spare = schemas.spare_make()
    public_browser().post("/signup", GIVEN)
    assert not SpareSchema.objects.filter(name=spare).exists()


def test_it_costs_few_queries_with_a_spare(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    schemas.spare_make()
    with django_assert_max_num_queries(60):
        public_browser().post("/signup", GIVEN)


def test_the_address_can_be_chosen(cast: Cast) -> None:
    response = public_browser().post("/signup", {**GIVEN, "slug": "kestrel"})
    assert response["Location"] == "http://kestrel.localhost:8000/login"


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("alder", b"This address is taken"),
        ("www", b"This address is reserved"),
        ("track", b"This address is reserved"),
        ("-x", b"Use letters a-z"),
        ("a.b", b"Use letters a-z"),
        ("z" * 41, b"at most 40"),
    ],
)
def test_an_address_that_cant_be_had_is_said_at_its_field(cast: Cast, slug: str, says: bytes) -> None:
    response = public_browser().post("/signup", {**GIVEN, "slug": slug})
    assert response.status_code == 422
    assert says in response.content
    assert not User.objects.filter(email="ida@kestrel.example").exists()


def test_a_known_email_makes_nothing(cast: Cast) -> None:
    response = public_browser().post("/signup", {**GIVEN, "email": cast.viewer.user.email})
    assert response.status_code == 422
    assert not Agency.objects.filter(slug="kestrel-co").exists()


def test_a_weak_password_is_refused(cast: Cast) -> None:
    assert public_browser().post("/signup", {**GIVEN, "password1": "short"}).status_code == 422


def test_the_address_follows_the_name(cast: Cast) -> None:
    browser = public_browser()
    assert b'value="kestrel-co"' in browser.get("/signup/address?agency_name=Kestrel+%26+Co").content
    assert b'value="alder-2"' in browser.get("/signup/address?agency_name=Alder").content
    assert b'value="www-2"' in browser.get("/signup/address?agency_name=WWW").content


def test_ones_own_address_is_kept_when_the_name_changes(cast: Cast) -> None:
    answer = public_browser().get("/signup/address?agency_name=Kestrel+Two&slug=mine&suggested=kestrel")
    assert b'value="mine"' in answer.content
    answer = public_browser().get("/signup/address?agency_name=Kestrel+Two&slug=kestrel&suggested=kestrel")
    assert b'value="kestrel-two"' in answer.content


def test_the_confirmation_comes_by_mail_and_confirms(
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    public = public_browser()
    with django_capture_on_commit_callbacks(execute=True):
        # An address of its own: to one that was just written to, nothing is sent for three minutes.
        public.post("/signup", {**GIVEN, "email": "confirm@kestrel.example"})
    [mail] = mailoutbox
    assert mail.to == ["confirm@kestrel.example"]
    assert len(mail.alternatives) == 1
    link = next(word for word in mail.body.split() if word.startswith("http://localhost:8000/confirm-email/"))
    path = link.removeprefix("http://localhost:8000")
    address = EmailAddress.objects.get(email="confirm@kestrel.example")
    assert not address.verified
    assert public.get(path).status_code == 200
    public.post(path)
    address.refresh_from_db()
    assert address.verified


def test_links_in_mails_ignore_the_requests_host(
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        Browser("127.0.0.1").post("/password/reset", {"email": cast.viewer.user.email})
    assert "http://localhost:8000/password/reset/key/" in mailoutbox[0].body
    assert "127.0.0.1" not in mailoutbox[0].body


def test_a_new_password_comes_by_mail(
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    public = public_browser()
    with django_capture_on_commit_callbacks(execute=True):
        public.post("/password/reset", {"email": cast.viewer.user.email})
    link = next(word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word)
    form = public.get(link.removeprefix("http://localhost:8000"))
    done = public.post(form["Location"], {"password1": "ganz-neu-und-lang", "password2": "ganz-neu-und-lang"})
    assert done.status_code == 302
    cast.viewer.user.refresh_from_db()
    assert cast.viewer.user.check_password("ganz-neu-und-lang")


def test_an_unknown_address_is_told_so_by_mail_and_not_on_the_page(
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = public_browser().post("/password/reset", {"email": "nobody@people.example"})
    assert response["Location"] == "/password/reset/done"
    assert "no account" in mailoutbox[0].body
