"""`python -m apps.demo.google_ads_stand_in`: prints what to enter in a destination's form."""

from apps.demo.standing_in.frame import parser_of, serve

from .server import PORT, GoogleAdsStandIn
from .world import Account, Client

if __name__ == "__main__":
    parser = parser_of(GoogleAdsStandIn.name, port=PORT)
    parser.add_argument(
        "--status-after", type=float, default=60.0, help="seconds until a request is processed (Google: up to 24 hours)"
    )
    parser.add_argument("--token-seconds", type=int, default=3600, help="how long an access token holds")
    given = parser.parse_args()
    client, account = Client(), Account()
    print(
        f"client ID: {client.client_id}\nclient secret: {client.client_secret}\nrefresh token: {client.refresh_token}"
    )
    print(f"operating account: {account.number}, login account: {account.manager}")
    print(f"conversion actions: {', '.join(sorted(account.actions))}")
    serve(GoogleAdsStandIn(client, account, status_after=given.status_after, token_seconds=given.token_seconds), given)
