"""Kinds of mails in words."""

from collections.abc import Mapping

from .models import Subscription

Kind = Subscription.Kind
# As in "You asked for mails about ...".
ASKED_FOR: Mapping[str, str] = {
    Kind.HOT: "companies that turn hot",
    Kind.TARGET: "target accounts on pages that matter",
    Kind.DIGEST: "new and rising companies, each week",
}
