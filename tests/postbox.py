"""A real SMTP server on the loopback that keeps what it is sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from poverty_watch.mail import MailServer, Security


class Postbox:
    """Refuses the addresses that it is told to refuse, with the answer that it is told to give.

    ``breaks_off``: the connection is cut after the mail was taken, before anything is said.
    """

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refused: dict[str, str] = {}
        self.attempts = 0
        self.breaks_off = False

    def to(self, address: str) -> Any:
        """The one mail to an address."""
        (mail,) = (mail for mail in self.mails if mail["To"] == address)
        return mail

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.attempts += 1
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.breaks_off:
            server.transport.abort()
        return "250 OK"


@contextmanager
def opened(
    context: ssl.SSLContext | None = None, security: Security = "plain"
) -> Iterator[tuple[Postbox, MailServer]]:
    """The server, running, and how to reach it; with a context it encrypts."""
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    at_once = {"ssl_context": context} if security == "ssl" else {}
    asked = {"tls_context": context, "require_starttls": True} if security == "starttls" else {}
    controller = Controller(box, hostname="127.0.0.1", port=port, **at_once, **asked)
    controller.start()
    try:
        yield box, MailServer("127.0.0.1", port, "office@example.org", security=security)
    finally:
        controller.stop()
