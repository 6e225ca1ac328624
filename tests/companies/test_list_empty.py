"""The list of companies where there can't be any."""

import pytest

from apps.agencies.roles import Role
from apps.core.tenancy import in_schema
from tests.cast import Cast
from tests.factories import make_client, make_member


@pytest.mark.parametrize("page", ["/companies", "/s/{site}/companies"])
@pytest.mark.parametrize("query", [{"view": "new"}, {"view": "new", "format": "csv"}, {"view": "new", "q": "x"}])
def test_no_newcomers(cast: Cast, page: str, query: dict[str, str]) -> None:
    assert cast.browser(cast.owner).get(page.format(site=cast.site.slug), query).status_code == 200


@pytest.mark.parametrize("query", [{}, {"format": "csv"}])
def test_no_sites(cast: Cast, query: dict[str, str]) -> None:
    with in_schema(str(cast.alder.schema_name)):
        empty = make_client()
    member = make_member(cast.alder, Role.ANALYST, client_ids=[empty.id])
    assert cast.browser(member).get("/companies", query).status_code == 200
