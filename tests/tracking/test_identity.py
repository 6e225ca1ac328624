"""Visitor ids and hashes: the same person of a day and site, and nobody else."""

from apps.tracking.identity import given_visitor_id, ip_hash, user_id_hash, visitor_id

SALT, OTHER_SALT = b"a" * 32, b"b" * 32


def of(salt: bytes = SALT, site_key: str = "s", address: str = "192.0.2.1", user_agent: str = "UA") -> int:
    return visitor_id(salt, site_key=site_key, address=address, user_agent=user_agent)


def test_a_visitor_is_known_within_a_day_and_a_site_only() -> None:
    assert of() == of()
    others = {of(OTHER_SALT), of(site_key="t"), of(address="192.0.2.2"), of(user_agent="UB")}
    assert len(others | {of()}) == 5


def test_an_id_fits_a_signed_column() -> None:
    ids = [of(address=f"192.0.2.{n}") for n in range(256)]
    assert all(-(2**63) <= found < 2**63 for found in ids)
    assert min(ids) < 0 < max(ids)


def test_parts_cant_run_together() -> None:
    assert of(site_key="ab", address="c") != of(site_key="a", address="bc")


def test_an_addresss_hash_differs_by_day_and_site_and_is_no_visitors_id() -> None:
    hashes = {ip_hash(salt, site_key=site, address="192.0.2.1") for salt in (SALT, OTHER_SALT) for site in "st"}
    assert len(hashes) == 4
    assert given_visitor_id(SALT, site_key="s", visitor="192.0.2.1") != of(user_agent="")


def test_a_users_address_hashes_alike_however_it_is_written() -> None:
    key = b"k" * 32
    mail = user_id_hash(key, schema="a_1", user="Jo@Example.org ")
    assert mail == user_id_hash(key, schema="a_1", user="jo@example.org")
    assert mail != user_id_hash(key, schema="a_2", user="jo@example.org")
    assert user_id_hash(key, schema="a_1", user="Ab") != user_id_hash(key, schema="a_1", user="ab")
