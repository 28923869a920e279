"""The Python client under the conformance kit: reads questions, asks the client, prints answers.

    PYTHONPATH=tests headcount-registry conformance -- python -m conformance.python_client

Each answer comes from the parts that a host runs. The client's own arguments and files
supply what a question fixes: the clock, chance, the secret, the server.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import headcount
from conformance.installation import PROJECTS, Named, Site, declared, installed
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict, MessageToJson, Parse
from headcount.consent.state import overruled
from headcount.consent.switches import off_file as place_of_off_file
from headcount.delivery import outbox, schedule
from headcount.model.project import Project
from headcount.model.week import Week
from headcount.reporting.report import message_class
from headcount.reporting.values import normalised
from headcount.storage.state_directory import SHARED, StateDirectory
from headcount.testing import RecordingTransport
from headcount.transport.binary_http import padded
from headcount.transport.binary_http import parse as parse_binary
from headcount.transport.encapsulation import Sealed, sender
from headcount.transport.http_transport import HttpTransport
from headcount.transport.messages import Answer, Request
from headcount.transport.oblivious_key import AES_128_GCM, CHACHA20_POLY1305, ObliviousKey
from headcount.transport.wire import submit_answer, submit_request
from pyhpke import AEADId, CipherSuite, KDFId, KEMId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
WEEK = 7 * 86_400


def _bounds(week: Week) -> dict[str, Json]:
    return {"start": week.start, "end": week.end}


def week(seconds: float) -> Json:
    found = Week.at(seconds)
    return {"week": found.label, **_bounds(found)}


def week_named(week: str) -> Json:
    try:
        return _bounds(Week.named(week))
    except ValueError:
        return None


def _keep_secret(site: Site, name: str, secret: str) -> None:
    """Put a secret where the client keeps its own."""
    directory = StateDirectory(site.directory, name)
    directory.secret()
    place = Path(site.directory, name, "secret")
    kept = place.read_bytes()
    if len(kept) == 32:
        place.write_bytes(bytes.fromhex(secret))
    else:
        place.write_text(json.dumps({**json.loads(kept), "key": secret}))


def token(secret: str, project: str, week: str) -> Json:
    """The token that leaves with a report in this week."""
    declared = Project(
        name=project, title="", homepage="", recipient="", contact="", endpoint="",
        mode="ask_first", digest="", consent_digest="", keys=PROJECTS["bee"].keys,
        schema=lambda: _schema_of(project),
    )  # fmt: skip
    PROJECTS["told"] = declared
    now = Week.named(week).start + 3 * 86_400
    with installed() as site:
        site.said({"at": now - 4 * WEEK, "project": "told", "do": "grant", "level": "basic"})
        _keep_secret(site, project, secret)
        site.client("told", now, {"multisite": True}).send_now()
    (request,) = site.transport.requests
    return {"token": request.token.hex()}


def _schema_of(name: str) -> bytes:
    """The schema of bee under another name."""
    file = FileDescriptorProto.FromString(PROJECTS["bee"].schema())
    text = MessageToJson(file).replace(".projects.bee.v1", f".projects.{name}.v1")
    return Parse(text, FileDescriptorProto()).SerializeToString()


def answers(step: dict[str, Json]) -> list[Answer]:
    """What the server says in a step."""
    return [
        Answer(code=answer["code"], open_weeks=tuple(answer.get("open_weeks", ())))
        for answer in step["answers"]
    ]


def sent(transport: RecordingTransport) -> list[dict[str, str]]:
    return [{"week": each.week, "token": each.token.hex()} for each in transport.requests]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def history(project: str, secret: str, agreed: float, steps: list[dict[str, Json]]) -> Json:
    transport = Named()
    left: list[list[dict[str, str]]] = []
    with installed(transport) as site:
        site.said({"at": agreed, "project": project, "do": "grant", "level": "extended"})
        _keep_secret(site, project, secret)
        for step in steps:
            transport.requests.clear()
            transport.answers = answers(step)
            transport.open_weeks = tuple(step["open_weeks"])
            client = site.client(project, step["at"], {"multisite": True})
            with nullcontext() if step.get("writable", True) else full_disk():
                client.send_now()
            left.append(sent(transport))
    return {"steps": left}


def ages(project: str, agreed: float, latest: str, reports: list[float]) -> Json:
    found = []
    with installed() as site:
        site.said({"at": agreed, "project": project, "do": "grant", "level": "extended"})
        if latest:
            place = Path(site.directory, "survey", "secret")
            place.write_text(json.dumps({"key": "ab" * 32, "latest": latest, "named": {}}))
        for moment in reports:
            site.client(project, moment).send_now()
            request = site.transport.requests.pop()
            report = MessageToDict(message_class(PROJECTS[project]).FromString(request.report))
            found.append(report["installationAge"]["value"])
    return {"ages": found}


def shared_history(project: str, shared: str, agreed: float, steps: list[dict[str, Json]]) -> Json:
    """Each step is a new installation with the answer, and the secret that replicas share."""
    left: list[list[dict[str, str]]] = []
    for step in steps:
        transport = Named()
        transport.answers = answers(step)
        transport.open_weeks = tuple(step["open_weeks"])
        with installed(transport) as site:
            site.said({"at": agreed, "project": project, "do": "grant", "level": "extended"})
            secret = Path(site.directory, "shared")
            secret.write_bytes(bytes.fromhex(shared))
            secret.chmod(0o400)
            environment = {SHARED: str(secret)}
            client = site.client(project, step["at"], {"multisite": True}, environment=environment)
            client.send_now()
        left.append(sent(transport))
    return {"steps": left}


def cut(project: str, key: str, answer: Json) -> Json:
    (declared,) = (each for each in PROJECTS[project].keys if each.name == key)
    return {"value": normalised(declared, answer)}


def report(project: str, week: str, answers: dict[str, Json]) -> Json:
    now = Week.named(week).start + 3 * 86_400
    with installed() as site:
        agreed = {"at": now - 4 * WEEK, "project": project, "do": "grant", "level": "extended"}
        site.said(agreed)
        client = site.client(project, now, answers)
        preview = client.preview()
        client.send_now()
    sent = [request.report for request in site.transport.requests] or [b""]
    return {"json": json.loads(preview.json), "binary": sent[0].hex(), "digest": preview.digest}


def envelope_binary(project: str, week: str, token: str, report: str) -> Json:
    declared = PROJECTS[project]
    request = Request(
        week=week,
        token=bytes.fromhex(token),
        registry_digest=declared.digest,
        project=declared.name,
        report=bytes.fromhex(report),
    )
    return {"binary": submit_request(request).hex()}


def response_binary(body: str) -> Json:
    answer = submit_answer(bytes.fromhex(body))
    return {"ignored": [{"key": item.key, "reason": item.reason} for item in answer.ignored]}


def answer(code: str, now: float, week: str, tries: int, chance: float) -> Json:
    with installed(RecordingTransport(Answer(code=code))) as site:
        site.said({"at": now - 4 * WEEK, "project": "bee", "do": "grant", "level": "basic"})
        directory = StateDirectory(site.directory, "bee")
        plan = schedule.Plan(week=week, moment=now, tries=tries)
        with directory.sending():
            outbox.write_plan(directory, plan)
        client = site.client("bee", now, {"multisite": True}, chance=chance)
        outcome = client.send_if_due()
        after = outbox.read_plan(directory)
    then = {"SENT": "counted", "DROPPED": "dropped", "LATER": "later"}[outcome.name]
    return {"then": then, "moment": after and after.moment}


class _Told(BaseHTTPRequestHandler):
    """A server that answers as the question says."""

    told: dict[str, Json]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.told["body"].encode()
        self.send_response_only(self.told["status"])
        for name, value in self.told["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def http(status: int, headers: dict[str, str], body: str) -> Json:
    kind = type("Told", (_Told,), {"told": {"status": status, "headers": headers, "body": body}})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.handle_request, daemon=True).start()
        transport = HttpTransport(f"http://127.0.0.1:{server.server_port}")
        request = Request(
            week="2026-W47", token=bytes(16), registry_digest="", project="bee", report=b""
        )
        told = transport.submit(request, 5.0)
    return {"code": told.code, "open_weeks": list(told.open_weeks)}


def draw(now: float, not_before: float, chance: float, **first: bool) -> Json:
    return drawn(schedule.draw(now, not_before, chance, **first))


def drawn(plan: schedule.Plan | None) -> Json:
    if plan is None:
        return None
    skipped = plan.done == schedule.SKIPPED
    return {"week": plan.week, "moment": plan.moment, "skipped": skipped}


def planned(project: str, agreed: float, looks: list[dict[str, Json]]) -> Json:
    plans = []
    with installed() as site:
        site.said({"at": agreed, "project": project, "do": "grant", "level": "extended"})
        directory = StateDirectory(site.directory, project)
        for look in looks:
            answers = {"multisite": True}
            site.client(project, look["at"], answers, chance=look["chance"]).send_if_due()
            plans.append(drawn(outbox.read_plan(directory)))
    return {"plans": plans}


def plan(week: str, moment: float, done: bool, now: float) -> Json:  # noqa: FBT001 - as it is asked
    known = schedule.Plan(week=week, moment=moment, done=schedule.SENT if done else "")
    return {"stands": schedule.holds(known, now), "due": schedule.is_due(known, now)}


def off_file(system: str, environment: dict[str, str]) -> Json:
    platform = {"windows": "win32", "macos": "darwin"}.get(system, system)
    return {"path": place_of_off_file(platform, environment)}


def switches(
    environment: dict[str, str],
    administrator_off: bool,  # noqa: FBT001 - as it is asked
    off_file: str,
) -> Json:
    with installed() as site:
        file = site.off_file(off_file)
        off = overruled(environment, administrator_off=administrator_off, off_file=file)
    return {"rule": off and off.rule}


def consent(steps: list[dict[str, Json]], project: str, now: float, **settings: Json) -> Json:
    with installed() as site:
        for step in steps:
            site.said(step)
        file = site.off_file(settings.pop("off_file", "nothing"))
        client = site.client(project, now, off_file=file, **settings)
        state = client.state()
        told = {
            "rule": state.rule,
            "on": state.on,
            "keys": sorted(state.keys),
            "waiting": sorted(state.waiting),
        }
        record = client.record()
        return told if record is None else {**told, "not_before": record.not_before}


def evolved(
    steps: list[dict[str, Json]], project: str, now: float, answers: dict[str, Json]
) -> Json:
    with installed() as site:
        for step in steps:
            site.said(step)
        client = site.client(project, now, answers)
        state = client.state()
        return {
            "keys": sorted(state.keys),
            "waiting": sorted(state.waiting),
            "report": json.loads(client.preview().json),
        }


def hpke(public: str, ephemeral: str, info: str, aad: str, plain: str) -> Json:
    suite = CipherSuite.new(
        KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305
    )
    receiver = suite.kem.deserialize_public_key(bytes.fromhex(public))
    enc, context = sender(suite, receiver, bytes.fromhex(info), bytes.fromhex(ephemeral))
    return {
        "enc": enc.hex(),
        "sealed": context.seal(bytes.fromhex(plain), bytes.fromhex(aad)).hex(),
    }


def binary_request(fields: list[list[str]], content: str, **line: str) -> Json:
    target = (line["scheme"], line["authority"], line["path"])
    told = [(name, value) for name, value in fields]
    return {"data": padded(line["method"], target, told, bytes.fromhex(content)).hex()}


def binary_response(data: str) -> Json:
    try:
        told = parse_binary(bytes.fromhex(data))
    except ValueError:
        return None
    return {"status": told.status, "content": told.content.hex()}


def _sealed(key: str, ephemeral: str, plain: str, cipher: int) -> Sealed:
    pinned = ObliviousKey.parse(key).replaced(cipher=cipher)
    return Sealed(pinned, bytes.fromhex(plain), bytes.fromhex(ephemeral))


def oblivious_request(
    key: str, ephemeral: str, plain: str, cipher: int = CHACHA20_POLY1305
) -> Json:
    return {"sealed": _sealed(key, ephemeral, plain, cipher).data.hex()}


def oblivious_response(
    key: str, ephemeral: str, response: str, cipher: int = CHACHA20_POLY1305
) -> Json:
    try:
        plain = _sealed(key, ephemeral, "", cipher).opened(bytes.fromhex(response))
    except ValueError:
        return None
    return {"plain": plain.hex()}


OPERATIONS: dict[str, Callable[..., Json]] = {
    "week": week,
    "week_named": week_named,
    "token": token,
    "history": history,
    "ages": ages,
    "shared_history": shared_history,
    "cut": cut,
    "report": report,
    "envelope_binary": envelope_binary,
    "response_binary": response_binary,
    "answer": answer,
    "http": http,
    "draw": draw,
    "planned": planned,
    "plan": plan,
    "off_file": off_file,
    "switches": switches,
    "consent": consent,
    "evolved": evolved,
    "hpke": hpke,
    "binary_request": binary_request,
    "binary_response": binary_response,
    "oblivious_request": oblivious_request,
    "oblivious_response": oblivious_response,
    "oblivious_request_aes": partial(oblivious_request, cipher=AES_128_GCM),
    "oblivious_response_aes": partial(oblivious_response, cipher=AES_128_GCM),
}


def answered(question: dict[str, Json]) -> dict[str, Json]:
    """The line that answers a question."""
    if question["do"] == "hello":
        PROJECTS.update({name: declared(each) for name, each in question["projects"].items()})
        client = f"headcount for Python {headcount.__version__}"
        return {"protocol": 1, "client": client, "does": [*OPERATIONS]}
    try:
        return {"id": question["id"], "answer": OPERATIONS[question["do"]](**question["given"])}
    except Exception as error:  # noqa: BLE001 - it is an answer that is wrong
        return {"id": question["id"], "error": f"{type(error).__name__}: {error}"}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answered(json.loads(line))), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
