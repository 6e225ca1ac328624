"""A visit's flag: whether it is counted, and if not, why and by which rule. Pure.

A visit of a person (as far as its events tell) may be set aside as a whole: by one of the site's rules, or because no
person behaves like that. That can change, and be undone; so such visits and counted ones are one group. Events of bots
and of spam are known as such by themselves, and have visits of their own for good.
"""

from typing import NamedTuple

from .drop_reasons import SetAside

EXCLUDED, BEHAVIOUR = SetAside.EXCLUDED.value, SetAside.BOT_BEHAVIOUR.value
# What a visit of the one group may be set aside as; the empty one is counted.
FLAGGED = (SetAside.NOT.value, EXCLUDED, BEHAVIOUR)


class Flag(NamedTuple):
    """Why a visit is set aside (a SetAside's text, empty: it is counted), and the rule where it was one."""

    set_aside: str = ""
    excluded_by: int | None = None

    @property
    def rule(self) -> str:
        """Return who flagged it, as the ledger's adjustments name it; empty for nobody."""
        return str(self.excluded_by) if self.excluded_by is not None else self.set_aside


COUNTED = Flag()


def group_of(set_aside: str) -> str:
    """Return what separates visits from each other: nothing among counted and flagged ones."""
    return "" if set_aside in FLAGGED else set_aside


def stronger(one: Flag, other: Flag) -> Flag:
    """Return the flag of what two visits have become: behaviour before rules, older rules before newer, then counted.

    Of flags of the other group (bots, spam) both are the same.
    """
    return min(one, other, key=_strength)


def by_rule(rule_id: int) -> Flag:
    return Flag(EXCLUDED, rule_id)


def _strength(flag: Flag) -> tuple[bool, bool, int]:
    return not flag.set_aside, flag.set_aside != BEHAVIOUR, flag.excluded_by or 0
