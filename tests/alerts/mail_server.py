"""A mail server as far as Django's SMTP backend needs one: keeps what it takes, or refuses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


class MailServer(ThreadingTCPServer):
    """`answer` is what it says to a whole mail; those it answers with 250 are in `mails`."""

    allow_reuse_address = True
    daemon_threads = True
    answer = b"250 OK"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails: list[bytes] = []


class Conversation(StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say(b"220 mail.example")
        for line in self.rfile:
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self._say(b"354 Go on")
                lines = iter(self.rfile.readline, b".\r\n")
                mail = b"".join(line.removeprefix(b".") for line in lines)
                if self.server.answer.startswith(b"250"):
                    self.server.mails.append(mail)
                self._say(self.server.answer)
            elif word == b"QUIT":
                self._say(b"221 Bye")
                return
            else:
                self._say(b"250 OK")

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
