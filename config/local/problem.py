"""The one kind of failure a person can mend: a sentence that says what to do."""


class Problem(Exception):
    """Something outside the code is in the way; the message is one sentence, printed without a traceback."""
