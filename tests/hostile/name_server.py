"""A name server on loopback that says what its table says, and something else the next time.

Real DNS messages over UDP (RFC 1035), so that rebinding is tried as it happens.
"""

import socketserver
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from types import TracebackType

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

_RECORD_TYPES = {4: dns.rdatatype.A, 6: dns.rdatatype.AAAA}


class NameServer:
    """Answers A and AAAA questions until closed.

    Attributes:
        port: UDP, on 127.0.0.1.
        lookups: how often each name was asked for (one lookup asks for both kinds).
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[Sequence[str]]],
        port: int = 0,
        *,
        begins_again: bool = False,
    ) -> None:
        """Each lookup of a name takes its next list; the last one stays, or the first follows."""
        self._answers = answers
        self._begins_again = begins_again
        self._asked: dict[tuple[str, int], int] = {}
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                message, sock = self.request
                sock.sendto(server._answer(message), self.client_address)

        self._server = socketserver.UDPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def lookups(self) -> dict[str, int]:
        return {
            name: count for (name, kind), count in self._asked.items() if kind == dns.rdatatype.A
        }

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Look a name up here: a `Resolver` for `images.safe_fetch.Network`."""
        answers: list[str] = []
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            question = dns.message.make_query(host, kind)
            answer = dns.query.udp(question, "127.0.0.1", port=self.port, timeout=5)
            answers += [record.to_text() for rrset in answer.answer for record in rrset]
        return answers

    def _answer(self, message: bytes) -> bytes:
        query = dns.message.from_wire(message)
        response = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        if name not in self._answers:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response.to_wire()
        for text in self._next_list(name, question.rdtype):
            if _RECORD_TYPES[ip_address(text).version] == question.rdtype:
                response.answer.append(
                    dns.rrset.from_text(question.name, 0, "IN", question.rdtype, text)
                )
        return response.to_wire()

    def _next_list(self, name: str, kind: int) -> Sequence[str]:
        lists = self._answers[name]
        count = self._asked.get((name, kind), 0)
        self._asked[name, kind] = count + 1
        return lists[count % len(lists) if self._begins_again else min(count, len(lists) - 1)]
