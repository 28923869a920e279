"""The file of an oblivious key: its private half, written once and kept for years."""

from __future__ import annotations

import os
import tomllib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_server.errors import ConfigError

if TYPE_CHECKING:
    from headcount_server.doors.oblivious.encapsulation import Gateway, GatewayKey

_LAST_IDENTIFIER = 255
_PRIVATE_BYTES = 32
_TEXT = """\
# An oblivious key of a headcount server. Keep it secret: with this file, a relay could read
# the reports that it carries. Keep it until two years after the last release that names it.
created = {created}
identifier = {identifier}
private = "{private}"
"""


def needed(flag: str) -> None:
    """Raise ConfigError if the extra that oblivious keys need is not installed."""
    if find_spec("pyhpke") is None:
        msg = (
            f"{flag}: oblivious keys need pyhpke, which is not installed; install it with: "
            "pip install 'headcount-server[oblivious]'"
        )
        raise ConfigError(msg)


def create(path: Path, identifier: int, private: bytes, created: str) -> GatewayKey:
    """Write a new key, for its owner alone, and return it.

    `created` is a day (ISO 8601). Raises ConfigError if the file is there or cannot be written.
    """
    text = _TEXT.format(created=created, identifier=identifier, private=b64encode(private).decode())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        msg = f"{path}: is there already, and a key is never overwritten; name a new file"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"{path}: {error.strerror}; name a file that can be written"
        raise ConfigError(msg) from error
    return read("FILE", path)


def read(flag: str, path: Path) -> GatewayKey:
    """Return the key in a file. Raises ConfigError if there is none."""
    # An extra of this distribution.
    from headcount_server.doors.oblivious.encapsulation import GatewayKey  # noqa: PLC0415

    try:
        identifier, private = _parts(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{flag} {path}: {error.strerror}"
        raise ConfigError(msg) from error
    except (ValueError, KeyError, TypeError):  # an error's text may hold a part of the key
        msg = (
            f"{flag} {path}: holds no oblivious key; restore it from your backup, or make a new "
            "one with: headcount-server oblivious-key new FILE"
        )
        raise ConfigError(msg) from None
    return GatewayKey(identifier, private)


def remove(path: Path) -> None:
    """Delete the file of a key. Raises ConfigError if it cannot be deleted."""
    try:
        path.unlink()
    except OSError as error:
        msg = f"{path}: {error.strerror}; delete it as its owner"
        raise ConfigError(msg) from error


def _parts(text: str) -> tuple[int, bytes]:
    """Return the identifier and the private half. Raises ValueError, KeyError or TypeError."""
    parts = tomllib.loads(text)
    identifier, private = parts["identifier"], b64decode(parts["private"], validate=True)
    if type(identifier) is not int or not 0 <= identifier <= _LAST_IDENTIFIER:
        raise ValueError(identifier)
    if len(private) != _PRIVATE_BYTES:
        raise ValueError(len(private))
    return identifier, private


def gateway(flag: str, paths: Iterable[Path]) -> Gateway:
    """Return the gateway with the keys of some files, the one to announce first being the first.

    Raises ConfigError if a file holds no key, or two keys have one identifier.
    """
    needed(flag)
    from headcount_server.doors.oblivious.encapsulation import Gateway  # noqa: PLC0415

    keys: dict[int, GatewayKey] = {}
    for path in paths:
        key = read(flag, path)
        if key.identifier in keys:
            msg = (
                f"{flag} {path}: another key has its identifier, {key.identifier}; make a new key "
                "with --identifier, and let the registry name that"
            )
            raise ConfigError(msg)
        keys[key.identifier] = key
    return Gateway(keys.values())
