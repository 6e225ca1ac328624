"""Limited Data Use (LDU): for whose events Meta is to be a processor only, by laws of states of the US. Pure.

Source: developers.facebook.com/docs/marketing-apis/data-processing-options, "Reference". Otherwise Meta finds the
state out by the visitor's address, which is never sent: so it is always named here.
"""

from typing import Any

from ...occurrences import Occurrence

OFF, STATES = "off", "states"
US = 1
CALIFORNIA = "california"
STATE_CODES = {
    CALIFORNIA: 1000,
    "colorado": 1001,
    "connecticut": 1002,
    "florida": 1003,
    "oregon": 1004,
    "texas": 1005,
    "montana": 1006,
    "delaware": 1007,
    "nebraska": 1008,
    "new hampshire": 1009,
    "new jersey": 1010,
    "minnesota": 1011,
    "maryland": 1012,
    "rhode island": 1013,
}


def processing_of(happened: Occurrence, setting: str) -> dict[str, Any]:
    """Return the fields of an event by which Meta limits its use; none where the setting is off.

    A visitor of the US whose state isn't known is treated as one of California, whose law is the strictest.
    """
    if setting != STATES:
        return {}
    state = happened.region.strip().lower() or CALIFORNIA
    code = STATE_CODES.get(state) if happened.country.upper() == "US" else None
    if code is None:
        return {"data_processing_options": []}
    return {
        "data_processing_options": ["LDU"],
        "data_processing_options_country": US,
        "data_processing_options_state": code,
    }
