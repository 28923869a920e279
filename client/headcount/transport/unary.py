"""The two calls of the service, over any way to exchange bytes with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from headcount.model.deadline import Deadline, Task
from headcount.transport.endpoint import Endpoint
from headcount.transport.messages import GET_REGISTRY, SUBMIT_REPORT, Answer
from headcount.transport.wire import registry_request, submit_answer, submit_request

if TYPE_CHECKING:
    from headcount.transport.messages import Request


class UnaryTransport(ABC):
    """A way to the server, with one connection for each call.

    An encrypted connection trusts `root_certificates` (PEM or DER), else the certificates
    that SSL_CERT_FILE and SSL_CERT_DIR name, else the default of the subclass.
    """

    native: ClassVar[bool] = False
    """Whether calls block a thread of the system, so that they cannot run in a greenlet."""

    def __init__(
        self,
        endpoint: str,
        *,
        allow_plaintext: bool = False,
        root_certificates: bytes | None = None,
    ) -> None:
        self.endpoint = Endpoint.parse(endpoint, allow_plaintext=allow_plaintext)
        self._roots = root_certificates

    def submit(self, request: Request, timeout: float) -> Answer:
        """Send one report; answer within `timeout` seconds, whatever goes wrong."""
        answer, data = self._call(SUBMIT_REPORT, submit_request(request), timeout)
        return submit_answer(data) if answer.code == "OK" else answer

    def describe(self, project: str, timeout: float) -> tuple[Answer, bytes]:
        """Ask for a project's registry and policy; return OK and bytes, or why not."""
        return self._call(GET_REGISTRY, registry_request(project), timeout)

    def _call(self, method: str, body: bytes, timeout: float) -> tuple[Answer, bytes]:
        """Make one call; return OK and the bytes of the answer, or the reason why not.

        The exchange runs in a thread that is abandoned at the time limit. A resolver, a
        server that sends a byte a second, and a stuck gRPC would not keep to the limit.
        """
        deadline = Deadline(timeout)
        exchange = Task(lambda: self._exchange(method, body, deadline), native=self.native)
        exchange.finished(deadline.left)
        try:
            return exchange.result()
        except TimeoutError:
            late = f"no answer within {timeout:g} s"
            return Answer(code="DEADLINE_EXCEEDED", message=late), b""
        except OSError as error:
            return Answer(code="UNAVAILABLE", message=f"{type(error).__name__}: {error}"), b""

    @abstractmethod
    def _exchange(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        """Make one call, which may exceed its deadline."""
