"""Notices by webhook: JSON in a POST, signed with a key that both sides share."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import urllib3
from urllib3.exceptions import HTTPError

from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError, DeliveryError
from headcount_server.notices.news import News

SIGNATURE = "X-Headcount-Signature"
"""Header with `sha256=` and the HMAC-SHA256 of the body under the key, in hexadecimal."""
_OK, _END = 200, 300
_SECONDS = urllib3.Timeout(connect=10, read=30)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes notices; the password of its URL is the key."""

    url: DestinationUrl
    http: urllib3.PoolManager

    @classmethod
    def open(cls, flag: str, url: DestinationUrl) -> Webhook:
        """Return the webhook of a URL, without connecting. Raises ConfigError."""
        if not url.password or not url.host:
            msg = (
                f"{flag} {url}: a webhook needs a key to sign with: write https://:KEY@HOST/PATH "
                "into the variable of the flag, or into the file of --credentials"
            )
            raise ConfigError(msg)
        return cls(url, urllib3.PoolManager(retries=False, timeout=_SECONDS))

    def __str__(self) -> str:
        return str(self.url)

    def send(self, news: News, now: datetime) -> None:
        """Send a notice; every answer but 2xx is a failure."""
        del now
        body = news.json()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"sha256={signature(self.url.password, body)}",
        }
        try:
            answer = self.http.request(
                "POST", self._address(), body=body, headers=headers, redirect=False
            )
        except (HTTPError, UnicodeError) as error:
            words = self.url.without_password(" ".join(str(error).split()))
            raise DeliveryError(f"{self}: {words}") from None
        if not _OK <= answer.status < _END:
            raise DeliveryError(f"{self}: answered {answer.status}")

    def _address(self) -> str:
        parts = self.url.parts
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def signature(key: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a body, in hexadecimal."""
    return hmac.new(key.encode(), body, sha256).hexdigest()
