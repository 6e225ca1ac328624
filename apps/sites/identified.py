"""The kinds of organisation that may become companies, in the order in which they are shown."""

from typing import NamedTuple


class OrganisationKind(NamedTuple):
    """What a kind is called, why one would have it on, and whether an agency that says nothing has it on."""

    label: str
    why: str
    is_usual: bool


# By the names of networks' kinds. Who sells access or machines is never the visitor's own organisation: shown, it is
# for those who want to know the provider, under the provider's own kind, and never counted as anything else.
KINDS: dict[str, OrganisationKind] = {
    "business": OrganisationKind("Businesses", "Firms, associations, foundations: who buys.", is_usual=True),
    "government": OrganisationKind("Public authorities", "Ministries, towns, agencies, the military.", is_usual=True),
    "education": OrganisationKind(
        "Schools and universities", "Most of their visitors are students, few act for the school.", is_usual=True
    ),
    "consumer": OrganisationKind(
        "Internet providers",
        "Shown as providers. The visitor is one of their customers, at home or at work, hardly ever the provider.",
        is_usual=False,
    ),
    "hosting": OrganisationKind(
        "Data centres and clouds",
        "Shown as providers. The visitor sits behind a machine that somebody rents there, often no person at all.",
        is_usual=False,
    ),
}
USUAL = frozenset(name for name, kind in KINDS.items() if kind.is_usual)
