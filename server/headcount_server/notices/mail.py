"""Notices by mail, over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256

from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError, DeliveryError
from headcount_server.notices.news import News

_SECONDS = 30.0
_PORTS = {"smtp": 25, "smtps": 465}
SCHEMES = tuple(_PORTS)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Recipients, and the server that takes mail for them."""

    url: DestinationUrl
    sender: str
    recipients: tuple[str, ...]

    @classmethod
    def open(cls, flag: str, url: DestinationUrl) -> Mailbox:
        """Return the mailbox of a URL, without connecting. Raises ConfigError."""
        senders, recipients = url.options.get("from", ()), tuple(url.options.get("to", ()))
        known = set(url.options) <= {"from", "to"}
        addresses = [*senders, *recipients]
        if not (url.host and known and len(senders) == 1 and recipients) or not all(
            parseaddr(each)[1] == each and each.count("@") == 1 for each in addresses
        ):
            msg = (
                f"{flag} {url}: write smtp://USER@HOST:PORT/?from=ADDRESS&to=ADDRESS, "
                "with one or more to="
            )
            raise ConfigError(msg)
        return cls(url, senders[0], recipients)

    def __str__(self) -> str:
        return str(self.url)

    def message(self, news: News, now: datetime) -> EmailMessage:
        """Return the mail of a notice; the same week has the same Message-ID."""
        message = EmailMessage()
        message["Subject"] = news.subject
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = format_datetime(now)
        own = sha256(f"{news.view.week} {self}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{own}@{self.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(news.text())
        return message

    def send(self, news: News, now: datetime) -> None:
        """Send a notice to all recipients."""
        try:
            with self._session() as session:
                refused = session.send_message(
                    self.message(news, now), self.sender, list(self.recipients)
                )
        except (OSError, smtplib.SMTPException) as error:
            words = self.url.without_password(" ".join(str(error).split()))
            raise DeliveryError(f"{self}: {words or type(error).__name__}") from None
        if refused:
            raise DeliveryError(f"{self}: refused for {', '.join(sorted(refused))}")

    def _session(self) -> smtplib.SMTP:
        url, trusted = self.url, ssl.create_default_context()
        port = url.parts.port or _PORTS[url.scheme]
        if url.scheme == "smtps":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                url.host, port, timeout=_SECONDS, context=trusted
            )
        else:
            session = smtplib.SMTP(url.host, port, timeout=_SECONDS)
        try:
            self._log_in(session, trusted)
        except BaseException:
            session.close()
            raise
        return session

    def _log_in(self, session: smtplib.SMTP, trusted: ssl.SSLContext) -> None:
        encrypted = isinstance(session, smtplib.SMTP_SSL)
        session.ehlo_or_helo_if_needed()
        if not encrypted and session.has_extn("starttls"):
            session.starttls(context=trusted)
            encrypted = True
        if self.url.password:
            if not encrypted and self.url.host not in _LOOPBACK:
                msg = "the server offers no TLS, and the password would cross the network"
                raise smtplib.SMTPException(msg)
            session.login(self.url.user, self.url.password)
