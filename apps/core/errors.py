"""Errors that are somebody's to mend: their text is shown to the person as it stands."""


class BeaconError(Exception):
    """Base of errors whose message says what is wrong and what to do."""


class Refused(BeaconError):
    """The request can't be carried out as asked: a rule of the product speaks against it."""
