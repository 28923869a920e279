"""A document as HTTP gives it out: in the form that is wanted, and once to who keeps it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

LEVEL = 6
"""Of gzip, fixed as its time is, so that the same document gives the same bytes."""
VARIES = "Accept-Encoding"


@dataclass(frozen=True)
class Document:
    """What stands at an address."""

    body: bytes
    media_type: str

    @cached_property
    def compressed(self) -> bytes:
        """The body as gzip."""
        return gzip.compress(self.body, LEVEL, mtime=0)


def response(request: Request, document: Document, headers: Mapping[str, str]) -> Response:
    """The answer to GET or HEAD, compressed if that is asked for and makes it smaller.

    For public documents alone: the size of a compressed answer tells of what is in it.
    """
    headers = {"Vary": VARIES, **headers}
    body = document.body
    if _takes_gzip(request) and len(document.compressed) < len(body):
        body = document.compressed
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = tag(sha256(body).hexdigest())
    if has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=document.media_type)


def tag(digest: str) -> str:
    """The ETag of bytes with this SHA-256 digest."""
    return f'"{digest[:32]}"'


def has(request: Request, known: str) -> bool:
    """Whether the caller says that it has the document of this ETag."""
    told = request.headers.get("if-none-match", "").split(",")
    return bool({known, "*"} & {each.strip().removeprefix("W/") for each in told})


def preferences(header: str) -> list[tuple[str, float]]:
    """Entries of an `Accept` header or its like with their weights, the most wanted first.

    A weight is 0 to 1; of one that is no number, 0. Parameters stay with the entry.
    """
    return sorted(_weighted(header), key=lambda entry: -entry[1])


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    for entry in filter(None, map(str.strip, header.split(","))):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weight = "1"
        kept = []
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = value.strip()
            else:
                kept.append(parameter)
        yield ";".join([name.lower(), *kept]), _number(weight)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0


def _takes_gzip(request: Request) -> bool:
    told = dict(preferences(",".join(request.headers.getlist("accept-encoding"))))
    wanted = told.get("gzip", told.get("*", 0.0))
    return wanted > 0 and wanted >= told.get("identity", 0.0)
