"""Hand one mail to a server, and know for certain whether it took it."""

from __future__ import annotations

import logging
import mimetypes
import os
import re
import smtplib
import ssl
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

import tenacity

log = logging.getLogger(__name__)
_TIMEOUT = 30
_LONGEST_NAME = 80
_LARGEST = 20 * 2**20  # bytes; what county mailboxes usually take, before base64
Security = Literal["plain", "starttls", "ssl"]
_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("plain", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("ssl", 465),
}
ENVIRONMENT = "POVERTY_WATCH_SMTP"


class MailNotTakenError(Exception):
    """The server certainly did not take the mail; Chinese. ``is_temporary``: it may later."""

    def __init__(self, message: str, *, is_temporary: bool = True) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class MailUncertainError(Exception):
    """The connection broke while the mail was handed over: it may have been taken. Chinese."""


class MailServerError(ValueError):
    """The mail server is not written down as it should be; Chinese, without the password."""


@dataclass(frozen=True)
class MailServer:
    """A server and how to speak to it; the password is never shown."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"

    @property
    def domain(self) -> str:
        """The sender's domain, for message ids."""
        return self.sender.rpartition("@")[2].strip("> ") or "localhost"


@dataclass(frozen=True)
class Attachment:
    """A file in a mail, under a name of its own."""

    name: str
    content: bytes

    @classmethod
    def of(cls, path: Path, name: str = "") -> Attachment:
        """A file as it lies on the disk."""
        return cls(safe_name(name or path.name), path.read_bytes())


def server_from_environment() -> MailServer | None:
    """The server that ``POVERTY_WATCH_SMTP`` names (or the file ``POVERTY_WATCH_SMTP_FILE``).

    Written as ``smtp+starttls://user:password@host:587?from=office@example.org``; ``smtps://`` and
    ``smtp://`` (without encryption) are the other two ways. None where neither is set.

    Raises:
        MailServerError: it is written in another way, or the file cannot be read.
    """
    text, path = os.environ.get(ENVIRONMENT, ""), os.environ.get(f"{ENVIRONMENT}_FILE")
    if not text and path:
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise MailServerError(f"读不到邮件服务器地址文件 {path}：{error.strerror}。") from None
    return server_of(text) if text else None


def server_of(text: str) -> MailServer:
    """Read a server's address; see `server_from_environment`."""
    wrong = MailServerError(
        f"{ENVIRONMENT} 应写成 smtp+starttls://账号:口令@服务器:587?from=发件人地址"
        f"（或 smtps://、smtp://）；账号、口令中的特殊符号用百分号编码。"
    )
    try:
        parts = urlsplit(text)
        security, port = _SCHEMES[parts.scheme]
        number = parts.port or port
    except (KeyError, ValueError):
        raise wrong from None
    user = unquote(parts.username or "")
    sender = (parse_qs(parts.query).get("from") or [user])[0]
    if not parts.hostname or "@" not in sender:
        raise wrong
    return MailServer(parts.hostname, number, sender, user, unquote(parts.password or ""), security)


def security_of(text: str) -> Security:
    """How to encrypt, as written in a connection.

    Raises:
        MailServerError: it is none of the three ways.
    """
    for known in get_args(Security):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise MailServerError(f"邮件服务器的加密方式“{text}”不认识，请写 starttls、ssl 或 plain。")


def mask_address(address: str) -> str:
    """An address as lists and logs show it: o***@example.org."""
    name, at, domain = address.strip().rpartition("@")
    return f"{name[:1]}***{at}{domain}" if at else "***"


def safe_name(name: str) -> str:
    """A file name that every mailbox can show and save, Chinese as it was, ending as it was."""
    plain = "".join(
        c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C"
    )
    plain = re.sub(r'[\\/:*?"<>|\s]+', "_", plain).strip("._ ")
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = plain, ""
    return f"{stem[:_LONGEST_NAME] or '附件'}{dot}{suffix[:10]}"


def deliver(
    server: MailServer,
    to: str,
    subject: str,
    text: str,
    message_id: str,
    *,
    html: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Send one mail to one address.

    Raises:
        MailNotTakenError: it was certainly not sent.
        MailUncertainError: nobody can say, or some of several addresses did not get it.
    """
    message = _message(server, to, subject, text, message_id, html, attachments)
    try:
        client = _connected(server)
    except smtplib.SMTPAuthenticationError:
        raise MailNotTakenError(
            "邮件服务器不接受账号或口令，请核对后再发", is_temporary=False
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotTakenError(f"邮件服务器连不上或不接受登录（{type(error).__name__}）") from None
    is_known = False
    try:
        refused = client.send_message(message)
        is_known = True
    except smtplib.SMTPServerDisconnected:
        raise MailUncertainError("发送时连接中断，不知道对方是否收到") from None
    except smtplib.SMTPException as error:
        is_known = True
        code = _code(error)
        why = f"{type(error).__name__}{f' {code}' if code else ''}"
        raise MailNotTakenError(
            f"邮件服务器没有接收（{why}）", is_temporary=not 500 <= code < 600
        ) from None
    except OSError:
        raise MailUncertainError("发送时连接中断，不知道对方是否收到") from None
    finally:
        _close(client, politely=is_known)
    if refused:
        who = "、".join(mask_address(address) for address in refused)
        raise MailUncertainError(f"同一封发给几个地址，{who}没有被接收，其余已收，请另行通知")


@dataclass(frozen=True)
class Patience:
    """How often a mail that was certainly not taken is tried again within one run; in seconds."""

    attempts: int = 3
    first_wait: float = 5.0


def patiently(send: Callable[[], None], patience: Patience) -> None:
    """Send, and try again after growing waits where the server says that it may take it later.

    Raises:
        MailNotTakenError: the last attempt's, or one for good.
        MailUncertainError: nobody can say; it is not tried again.
    """
    tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=tenacity.wait_exponential(multiplier=patience.first_wait, max=60),
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, MailNotTakenError) and error.is_temporary
        ),
        reraise=True,
    )(send)


def _message(
    server: MailServer,
    to: str,
    subject: str,
    text: str,
    message_id: str,
    html: str | None,
    attachments: Sequence[Attachment],
) -> EmailMessage:
    if sum(len(one.content) for one in attachments) > _LARGEST:
        raise MailNotTakenError(
            f"附件超过{_LARGEST // 2**20}兆，邮箱收不下，请用别的办法送达", is_temporary=False
        )
    message = EmailMessage(policy=SMTP)
    try:
        message["From"], message["To"] = server.sender, to
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = message_id
    except ValueError:
        raise MailNotTakenError("收件人或发件人的地址写法不对", is_temporary=False) from None
    # A machine's mail: nobody's absence note is wanted in return.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for one in attachments:
        kind, _ = mimetypes.guess_type(one.name)
        main, _, sub = (kind or "application/octet-stream").partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


def _code(error: smtplib.SMTPException) -> int:
    """The server's answer; 0 where there was none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        # Several addresses: try again as long as one of them may take it later.
        return min(codes, default=0)
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else 0


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
