"""The service's two calls, over whatever takes bytes to it and back."""

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
    """A way to the server: each call has a connection of its own, closed at once.

    An encrypted one trusts `root_certificates` (PEM or DER), else what the variables
    SSL_CERT_FILE and SSL_CERT_DIR name, else what the subclass says.
    """

    native: ClassVar[bool] = False
    """Whether the calls block a thread of the system, so that a greenlet will not do."""

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
        """Send one report; answer within `timeout` seconds, errors included."""
        answer, data = self._call(SUBMIT_REPORT, submit_request(request), timeout)
        return submit_answer(data) if answer.code == "OK" else answer

    def describe(self, project: str, timeout: float) -> tuple[Answer, bytes]:
        """Ask for a project's registry and policy: OK and its bytes, or why not."""
        return self._call(GET_REGISTRY, registry_request(project), timeout)

    def _call(self, method: str, body: bytes, timeout: float) -> tuple[Answer, bytes]:
        """Make one call: OK and the bytes of the answer, or why there are none.

        Neither the resolver, nor a server that sends a byte a second, nor gRPC in
        an odd place keeps to a time limit, so the exchange runs in a thread that is
        left behind.
        """
        deadline = Deadline(timeout)
        exchange = Task(lambda: self._exchange(method, body, deadline), native=self.native)
        exchange.finished(deadline.left)
        try:
            return exchange.result()
        except TimeoutError:
            late = f"no answer within {timeout:g} seconds"
            return Answer(code="DEADLINE_EXCEEDED", message=late), b""
        except OSError as error:
            return Answer(code="UNAVAILABLE", message=f"{type(error).__name__}: {error}"), b""

    @abstractmethod
    def _exchange(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        """Make one call, which may take too long."""
