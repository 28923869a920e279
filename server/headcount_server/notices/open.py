"""The kinds of channels by the schemes of their URLs."""

from __future__ import annotations

from importlib.util import find_spec

from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError
from headcount_server.notices import mail
from headcount_server.notices.channel import Channel


def parse(flag: str, url: DestinationUrl) -> Channel:
    """Return the channel of a URL, without connecting. Raises ConfigError."""
    if url.scheme in mail.SCHEMES:
        return mail.Mailbox.open(flag, url)
    if url.scheme not in {"http", "https"}:
        msg = (
            f"{flag} {url}: no channel of this kind; write "
            "smtp://HOST/?from=ADDRESS&to=ADDRESS or https://HOST/PATH"
        )
        raise ConfigError(msg)
    if find_spec("urllib3") is None:
        msg = (
            f"{flag}: a webhook needs urllib3, which is not installed; install it with: "
            "pip install 'headcount-server[publish]'"
        )
        raise ConfigError(msg)
    # It is an extra of this distribution.
    from headcount_server.notices.webhook import Webhook  # noqa: PLC0415

    return Webhook.open(flag, url)
