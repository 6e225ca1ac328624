"""What opens doors stays out of the log: links to invitations, confirmations and new passwords hold a token."""

import logging
import re

LINKS = re.compile(r"(/(?:invitation|confirm-email|password/reset/key)/)[^/\s]+")


class WithoutTokens(logging.Filter):
    """Has Django's notes on requests name such a link without its token. Keeps all records."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(LINKS.sub(r"\1...", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
