"""An address' place and network on a session."""

from apps.networks.lookup import Network, NetworkKind
from apps.tracking.models import Session
from apps.tracking.steps.place import PlaceFields, place_fields

LONDON = Network(
    continent="EU",
    country="GB",
    region="England",
    city="London",
    postal="EC2V",
    latitude=51.5,
    longitude=-0.1,
    asn=64500,
    network_name="EXAMPLE BANK PLC",
    organisation="Example Bank",
    domain="bank.example",
    kind=NetworkKind.BUSINESS,
)


def test_it_gives_the_sessions_columns() -> None:
    assert place_fields(LONDON) == {
        "continent": "EU",
        "country": "GB",
        "region": "England",
        "city": "London",
        "postal": "EC2V",
        "latitude": 51.5,
        "longitude": -0.1,
        "asn": 64500,
        "network_name": "EXAMPLE BANK PLC",
        "organisation": "Example Bank",
        "network_domain": "bank.example",
        "network_kind": "business",
        "is_vpn": False,
        "is_proxy": False,
        "is_tor": False,
        "is_hosting": False,
        "is_mobile_network": False,
    }
    assert set(PlaceFields.__annotations__) <= {field.name for field in Session._meta.get_fields()}


def test_behind_an_exit_only_the_country_stays() -> None:
    for exit_network in (
        Network(country="NL", region="North Holland", city="Amsterdam", latitude=52.3, longitude=4.9, is_vpn=True),
        Network(country="NL", region="North Holland", city="Amsterdam", latitude=52.3, longitude=4.9, is_tor=True),
        Network(country="NL", region="North Holland", city="Amsterdam", latitude=52.3, longitude=4.9, is_proxy=True),
    ):
        fields = place_fields(exit_network)
        assert (fields["country"], fields["region"], fields["city"], fields["latitude"], fields["longitude"]) == (
            "NL",
            "",
            "",
            None,
            None,
        )


def test_a_bots_network_is_of_its_own_kind() -> None:
    assert place_fields(LONDON, is_bot=True)["network_kind"] == "bot"


def test_nothing_known_is_nothing_said() -> None:
    fields = place_fields(Network())
    assert (fields["country"], fields["asn"], fields["network_kind"]) == ("", None, "unknown")
