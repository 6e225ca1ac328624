"""What is known of companies, as the ideal customer is held against it."""

from collections.abc import Sequence

from apps.companies.models import Company

from .fit import Profile


def profiles_of(company_ids: Sequence[int]) -> dict[int, Profile]:
    """Return companies' profiles; those that are gone have none. One query."""
    rows = Company.objects.filter(id__in=company_ids).values_list(
        "id", "industry", "country", "employees_from", "employees_to", "technologies"
    )
    return {
        company_id: Profile(industry, country, least, most, tuple(technologies))
        for company_id, industry, country, least, most, technologies in rows
    }
