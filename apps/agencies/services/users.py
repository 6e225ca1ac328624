"""Making and changing users outside of allauth's own forms."""

from allauth.account.models import EmailAddress
from django.db import transaction

from ..models import User


def user_create(*, email: str, name: str, password: str, is_confirmed: bool) -> User:
    """Make a user who can sign in at once. `is_confirmed`: the address is known to be theirs."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=is_confirmed)
    return user


def user_rename(*, user: User, name: str) -> None:
    user.name = name
    user.save(update_fields=["name"])
