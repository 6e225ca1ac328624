"""`python -m apps.demo.webhook_stand_in`: prints the signing secret to enter in a destination's form."""

from ..standing_in.frame import Reply, parser_of, serve
from .receiver import PORT, SECRET, Receiver, key_of

if __name__ == "__main__":
    parser = parser_of(Receiver.name, port=PORT)
    parser.add_argument("--secret", action="append", help="whsec_…; several while a secret is changed")
    parser.add_argument("--answer", type=int, help="answer everything with this status, and take nothing")
    parser.add_argument("--retry-after", default="", help="of --answer: seconds, or a date")
    given = parser.parse_args()
    secrets = given.secret or [SECRET]
    for secret in secrets:
        key_of(secret)
        print(f"Signing secret: {secret}")
    headers = {"Retry-After": given.retry_after} if given.retry_after else {}
    always = Reply(given.answer, "as asked for", headers) if given.answer else None
    serve(Receiver(*secrets, answer_with=always), given)
