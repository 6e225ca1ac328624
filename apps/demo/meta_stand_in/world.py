"""Who exists there: one dataset, the app and token that may send to it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Token:
    """`ended`: the subcode by which Meta says why it holds no more (460 password, 463 expired); 0: it holds."""

    text: str = "EAAofTheStandIn0123456789"
    ended: int = 0
    may_send: bool = True


@dataclass(slots=True)
class Dataset:
    """`domains`: those verified for it; empty: any. `app_secret`: calls have to be proven by it; empty: they needn't.

    `is_blocked`: for breaking a policy.
    """

    dataset_id: str = "1234567890123456"
    domains: frozenset[str] = frozenset()
    app_secret: str = ""
    is_blocked: bool = False
