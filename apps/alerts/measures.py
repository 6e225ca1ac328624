"""What is counted of mails about companies. docs/observing.md explains each of them."""

from apps.core.metering import Counter

MAILS = Counter("beacon_alert_mails", "Mails about companies, by kind and by what became of them", ["kind", "outcome"])
