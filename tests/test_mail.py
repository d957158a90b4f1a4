"""One mail to a real server: what arrives, and what is known when it does not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from poverty_watch.mail import (
    Attachment,
    MailNotTakenError,
    MailServer,
    MailServerError,
    MailUncertainError,
    Patience,
    Security,
    deliver,
    mask_address,
    patiently,
    safe_name,
    server_from_environment,
    server_of,
)
from tests import postbox
from tests.postbox import Postbox

AT_ONCE = Patience(attempts=3, first_wait=0.01)
Box = tuple[Postbox, MailServer]


@pytest.fixture
def box() -> Iterator[Box]:
    with postbox.opened() as found:
        yield found


def test_text_html_and_a_chinese_file_arrive_as_they_were(box: Box, tmp_path: Path) -> None:
    kept, server = box
    path = tmp_path / "月报表_2021年4月_第2版_已签发.xlsx"
    path.write_bytes(b"PK\x03\x04\r\n.\r\n" + bytes(range(256)))
    deliver(
        server,
        "li@example.org",
        "2021年4月\n月报",
        "正文",
        "<1@example.org>",
        html="<p>正文</p>",
        attachments=[Attachment.of(path)],
    )
    (mail,) = kept.mails
    assert mail["Subject"] == "2021年4月 月报"
    assert mail["Message-ID"] == "<1@example.org>"
    assert mail.get_body(("plain",)).get_content().strip() == "正文"
    assert mail.get_body(("html",)).get_content().strip() == "<p>正文</p>"
    (file,) = mail.iter_attachments()
    assert file.get_filename() == path.name
    assert file.get_content() == path.read_bytes()
    assert file.get_content_type().endswith("spreadsheetml.sheet")


def test_a_chinese_name_is_written_as_rfc_2231_says(box: Box) -> None:
    kept, server = box
    deliver(
        server, "li@example.org", "x", "x", "<1@x>", attachments=[Attachment("甸阳镇.xlsx", b"1")]
    )
    raw: EmailMessage = kept.mails[0]
    (part,) = raw.iter_attachments()
    assert (
        "filename*=utf-8''%E7%94%B8%E9%98%B3%E9%95%87.xlsx"
        in part.as_bytes(policy=policy.SMTP).decode()
    )


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("月报表_第2版.xlsx", "月报表_第2版.xlsx"),
        ("../../etc/passwd", "etc_passwd"),
        ("a\r\nBcc: x@y.xlsx", "aBcc_x@y.xlsx"),
        ("\u202excod.exe", "xcod.exe"),
        ("", "附件"),
        ("长" * 300 + ".xlsx", "长" * 80 + ".xlsx"),
    ],
)
def test_names_of_files_are_harmless(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_what_may_be_taken_later_is_tried_again_and_a_plain_no_is_not(box: Box) -> None:
    kept, server = box

    def send() -> None:
        deliver(server, "li@example.org", "x", "x", "<1@x>")

    kept.refused = {"li@example.org": "451 try later"}
    with pytest.raises(MailNotTakenError, match="451"):
        patiently(send, AT_ONCE)
    assert kept.attempts == 3
    kept.refused = {"li@example.org": "550 no such user"}
    with pytest.raises(MailNotTakenError, match="550"):
        patiently(send, AT_ONCE)
    assert kept.attempts == 4
    kept.refused = {}
    patiently(send, AT_ONCE)
    assert len(kept.mails) == 1


def test_a_connection_that_breaks_after_the_mail_was_given_leaves_a_doubt(box: Box) -> None:
    kept, server = box
    kept.breaks_off = True
    calls = []

    def send() -> None:
        calls.append(1)
        deliver(server, "li@example.org", "x", "x", "<1@x>")

    with pytest.raises(MailUncertainError):
        patiently(send, AT_ONCE)
    assert len(calls) == 1


def test_one_of_several_addresses_that_is_refused_is_told(box: Box) -> None:
    kept, server = box
    kept.refused = {"wang@example.org": "550 no such user"}
    with pytest.raises(MailUncertainError, match=r"w\*\*\*@example.org没有被接收"):
        deliver(server, "li@example.org, wang@example.org", "x", "x", "<1@x>")


def test_nobody_listening_and_a_wrong_address_are_certain(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = MailServer("127.0.0.1", port, "office@example.org", security="plain")
    with pytest.raises(MailNotTakenError, match="连不上"):
        deliver(server, "li@example.org", "x", "x", "<1@x>")
    with pytest.raises(MailNotTakenError, match="地址写法不对"):
        deliver(server, "li@example.org\nBcc: x@example.org", "x", "x", "<1@x>")


def test_a_server_that_offers_no_encryption_is_given_no_password(box: Box) -> None:
    _, server = box
    asked = MailServer(server.host, server.port, server.sender, "user", "secret", "starttls")
    with pytest.raises(MailNotTakenError) as caught:
        deliver(asked, "li@example.org", "x", "x", "<1@x>")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(asked)


def test_a_server_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("POVERTY_WATCH_SMTP", "POVERTY_WATCH_SMTP_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert server_from_environment() is None
    file = tmp_path / "smtp"
    file.write_text("smtps://office%40example.org:p%40ss@mail.example.org\n", encoding="utf-8")
    monkeypatch.setenv("POVERTY_WATCH_SMTP_FILE", str(file))
    assert server_from_environment() == MailServer(
        "mail.example.org", 465, "office@example.org", "office@example.org", "p@ss", "ssl"
    )
    plain = server_of("smtp://127.0.0.1:2525?from=office@example.org")
    assert (plain.security, plain.user, plain.port) == ("plain", "", 2525)


@pytest.mark.parametrize(
    "text", ["mail.example.org", "ftp://x@y.org", "smtp://host:99999", "smtp://u:secret@h"]
)
def test_a_server_that_is_written_wrongly_is_told_without_its_password(text: str) -> None:
    with pytest.raises(MailServerError) as caught:
        server_of(text)
    assert "secret" not in str(caught.value)


def test_addresses_are_masked() -> None:
    assert mask_address("office@example.org") == "o***@example.org"
    assert mask_address("nonsense") == "***"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for 127.0.0.1, signed by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_mail_goes_encrypted_to_a_server_that_is_who_it_says_and_to_no_other(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, security: Security
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with postbox.opened(context, security) as (kept, server):
        with pytest.raises(MailNotTakenError, match="SSLCertVerificationError"):
            deliver(server, "li@example.org", "x", "x", "<1@x>")
        assert kept.attempts == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        deliver(server, "li@example.org", "x", "x", "<1@x>")
        assert [mail["To"] for mail in kept.mails] == ["li@example.org"]
