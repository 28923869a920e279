"""The tree of exceptions.

```
HeadcountError
├── ConsentError     a call about consent makes no sense (unknown key or level, nothing decided)
├── StateError       the state directory cannot be read or written
├── EndpointError    an endpoint is malformed, or nothing can be sent there from here
├── UsageError       a command line cannot be carried out as it stands
├── ReportError      a project's schema does not match its keys
├── HostError        the host's system refuses what is needed, such as a thread
└── ServerError      the server did not say what somebody asked it
```

`due`, `send_if_due` and `send_now` raise none of these into their host.
"""

from __future__ import annotations


class HeadcountError(Exception):
    """The base of all errors that this package raises on purpose."""

    @property
    def said(self) -> str:
        """The message as it was raised: a Sentence if it can be said in other languages."""
        message = self.args[0] if self.args else ""
        return message if isinstance(message, str) else str(self)


class ConsentError(HeadcountError):
    """A call about consent that makes no sense, such as refusing an unknown key."""


class StateError(HeadcountError):
    """The state directory cannot be read or written; the message names the path."""


class EndpointError(HeadcountError):
    """An endpoint that reports cannot be sent to; the message says what to write instead."""


class ReportError(HeadcountError):
    """A project whose schema and keys disagree: it was not generated in one piece."""


class HostError(HeadcountError):
    """Something that the host's system refuses, such as a thread; the message names it."""


class ServerError(HeadcountError):
    """A server that did not say what somebody asked it; the message says why."""


class UsageError(HeadcountError):
    """A command line that cannot be carried out as it stands; the message says what to type."""
