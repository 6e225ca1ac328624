"""Lengths of time as providers' rules have them, in words."""

from datetime import timedelta


def age_words(age: timedelta) -> str:
    """Return "72 hours", "7 days"."""
    hours = round(age.total_seconds() / 3600)
    return f"{hours} hours" if hours <= 96 else f"{age.days} days"
