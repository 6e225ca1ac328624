"""`python -m apps.demo.slack_stand_in`: prints the address to enter in a destination's form."""

from ..standing_in.frame import parser_of, serve
from .server import ADDRESS, PORT, STATUSES, SlackStandIn

if __name__ == "__main__":
    parser = parser_of(SlackStandIn.name, port=PORT)
    parser.add_argument("--state", default="", choices=["", *sorted(STATUSES)], help="refuse everything with this word")
    given = parser.parse_args()
    print(f"Webhook address: {ADDRESS}")
    serve(SlackStandIn(state=given.state), given)
