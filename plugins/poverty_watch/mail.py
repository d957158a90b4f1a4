"""Hand one mail to a server, and know for certain whether it took it."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

_TIMEOUT = 30


class MailNotTakenError(Exception):
    """The server did not take the mail, or was not reached; it may be tried again. Chinese."""


class MailUncertainError(Exception):
    """The connection broke while the mail was handed over: it may have been taken. Chinese."""


@dataclass(frozen=True)
class MailServer:
    """A server and how to speak to it; the password is never shown."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: Literal["plain", "starttls", "ssl"] = "starttls"


def deliver(server: MailServer, to: str, subject: str, text: str, message_id: str) -> None:
    """Send one mail to one address.

    Raises:
        MailNotTakenError: it was certainly not sent.
        MailUncertainError: nobody can say.
    """
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = server.sender, to, subject
        message["Message-ID"] = message_id
    except ValueError:
        raise MailNotTakenError("收件人或发件人的地址写法不对") from None
    message.set_content(text)
    try:
        client = _connected(server)
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotTakenError(f"邮件服务器连不上或不接受登录（{type(error).__name__}）") from None
    is_known = False
    try:
        client.send_message(message)
        is_known = True
    except smtplib.SMTPServerDisconnected:
        raise MailUncertainError("发送时连接中断，不知道对方是否收到") from None
    except smtplib.SMTPException as error:
        is_known = True
        raise MailNotTakenError(f"邮件服务器没有接收（{type(error).__name__}）") from None
    except OSError:
        raise MailUncertainError("发送时连接中断，不知道对方是否收到") from None
    finally:
        _close(client, politely=is_known)


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "ssl":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=_TIMEOUT, context=context
        )
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)
    try:
        if server.security == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _close(client: smtplib.SMTP, *, politely: bool) -> None:
    try:
        if politely:
            client.quit()
    except (OSError, smtplib.SMTPException):
        pass
    finally:
        client.close()
