"""`python -m apps.demo.meta_stand_in`: prints what to enter in a destination's form."""

from apps.demo.standing_in.frame import parser_of, serve

from .server import PORT, MetaStandIn
from .world import Dataset, Token

if __name__ == "__main__":
    parser = parser_of(MetaStandIn.name, port=PORT)
    parser.add_argument("--an-hour", type=int, default=None, help="most calls in an hour (by default no limit)")
    given = parser.parse_args()
    dataset, token = Dataset(), Token()
    print(f"dataset ID: {dataset.dataset_id}\naccess token: {token.text}\ntest event code: TEST12345")
    serve(MetaStandIn(dataset, token, an_hour=given.an_hour), given)
