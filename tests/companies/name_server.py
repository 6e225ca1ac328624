"""A name server on this machine, asked over real UDP. What it says stands in a table; it notes what it was asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset


@dataclass
class NameServer:
    """`names`: by address, what it is called. `addresses`: by name, where that leads. `is_silent`: answers nothing.

    `dead`: an address in a zone that nobody serves.
    """

    port: int
    names: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    is_silent: bool = False
    dead: str = ""
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    asked: list[str] = field(default_factory=list)

    def answer(self, packet: bytes) -> bytes | None:
        query = dns.message.from_wire(packet)
        (question,) = query.question
        self.asked.append(f"{dns.rdatatype.to_text(question.rdtype)} {question.name}")
        if self.is_silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        response.set_rcode(self.rcode)
        if self.dead and question.name == dns.reversename.from_address(self.dead):
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        if question.rdtype == dns.rdatatype.PTR:
            records = self.names.get(dns.reversename.to_address(question.name), [])
        else:
            found = self.addresses.get(question.name.to_text().rstrip("."), [])
            records = [one for one in found if (":" in one) == (question.rdtype == dns.rdatatype.AAAA)]
        if records:
            kind = dns.rdatatype.to_text(question.rdtype)
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif self.rcode == dns.rcode.NOERROR:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


@contextmanager
def name_server() -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.1)
        server = NameServer(listening.getsockname()[1])
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    packet, sender = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                answer = server.answer(packet)
                if answer is not None:
                    listening.sendto(answer, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server
        is_over.set()
        thread.join()
