"""THE wiring: which fact wakes which work. The whole flow behind the writer on one page.

EventsStored  (tracking, the writer has committed)  -> companies: match the new sessions; live: push them
CompanyMatched (companies)                          -> live: name the visitor
"""

from apps.core.facts import listen

__all__ = ["listen"]
