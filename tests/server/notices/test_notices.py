"""A word about each new week: once, of public facts alone, by mail and by signed webhook."""

from __future__ import annotations

import json
import threading
from asyncio import Server
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from click.testing import CliRunner
from headcount_server.app import App
from headcount_server.cli import main
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.destinations import publisher
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import DeliveryError
from headcount_server.notices.channel import Channel
from headcount_server.notices.mail import Mailbox
from headcount_server.notices.news import News, news
from headcount_server.notices.open import parse
from headcount_server.notices.webhook import SIGNATURE, signature
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from headcount_server.week import Week
from support.toy_weeks import CANARY, W46, W47, command, database_at, lived
from support.waiting import until

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
KEY = "a shared key"
USER, PASSWORD = "operator", "kept:out/of@sight"
WHY = "It let host names through."


@dataclass
class PostOffice:
    """A real SMTP server, and what it took."""

    port: int = 0
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        message = BytesParser(_class=EmailMessage, policy=default).parsebytes(envelope.content)
        self.taken.append((list(envelope.rcpt_tos), message))
        return "250 taken"

    def url(self, user: str = "") -> str:
        to = "from=stats@example.org&to=team@example.org&to=board@example.org"
        return f"smtp://{user}127.0.0.1:{self.port}/?{to}"


def _allow(*given: Any) -> AuthResult:
    data: LoginPassword = given[-1]
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


class _OnAnyPort(Controller):
    """Looks whether it runs on the port that it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture(name="office")
def _office() -> Iterator[PostOffice]:
    office = PostOffice()
    controller = _OnAnyPort(
        office, hostname="127.0.0.1", port=0, authenticator=_allow, auth_require_tls=False
    )
    controller.start()
    office.port = controller.port
    yield office
    controller.stop()


class Hook(BaseHTTPRequestHandler):
    """Takes webhooks."""

    taken: list[tuple[str, str, bytes]]
    status: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken.append((self.path, self.headers[SIGNATURE], body))
        self.send_response(type(self).status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="hook")
def _hook() -> Iterator[tuple[type[Hook], str]]:
    hook = type("OwnHook", (Hook,), {"taken": [], "status": 204})
    with HTTPServer(("127.0.0.1", 0), hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        key = KEY.replace(" ", "%20")
        yield hook, f"http://:{key}@127.0.0.1:{server.server_address[1]}/take?this=1"
        server.shutdown()
        thread.join()


def _channel(text: str) -> Channel:
    return parse("--notify", DestinationUrl.parse("--notify", text))


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="told")
def _told(database: Path, toy_schema: Schema) -> News:
    return news(toy_schema, every_week(database_at(database)))


def test_a_mail_says_what_was_published_to_everybody_who_is_named(
    office: PostOffice, told: News
) -> None:
    _channel(office.url()).send(told, NOW)
    ((recipients, message),) = office.taken
    assert recipients == ["team@example.org", "board@example.org"]
    assert message["Subject"] == "Week 2026-W46 is published"
    assert message["From"] == "stats@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert text.startswith("Week 2026-W46 (")
    assert "is published, in steps of 5." in text
    assert "(toy): 20\N{EN DASH}24 installations" in text
    assert CANARY not in text
    again = Mailbox.open("--notify", DestinationUrl.parse("--notify", office.url()))
    assert again.message(told, NOW)["Message-ID"] == message["Message-ID"]


def test_a_webhook_is_json_with_a_signature_that_only_the_key_makes(
    hook: tuple[type[Hook], str], told: News
) -> None:
    handler, url = hook
    _channel(url).send(told, NOW)
    ((path, signed, body),) = handler.taken
    assert path == "/take?this=1"
    assert signed == f"sha256={signature(KEY, body)}"
    assert signed != f"sha256={signature('another', body)}"
    found = json.loads(body)
    assert (found["event"], found["week"], found["threshold"]) == ("week-published", "2026-W46", 5)
    (project,) = found["projects"]
    assert (project["project"], project["reports"]) == ("toy", {"lower": 20, "upper": 24})


def test_a_certain_change_a_silent_key_and_a_declaration_that_ends_are_told(
    database: Path, toy_schema: Schema
) -> None:
    (last, *_) = every_week(database_at(database))
    (project,) = last.projects
    php = next(n for n, name in project.key_names.items() if name == "php_version")
    cells = [cell for cell in project.publication.values if cell.key == php]
    moved = {c: n for c, n in project.publication.values.items() if c.key != php}
    loud = replace(
        project.publication,
        reports=1000,
        answers={**dict.fromkeys(project.publication.answers, 1000), php: 1000},
        values={**moved, cells[0]: 900, cells[1]: 100},
    )
    # Counted in full, so that they have bounds.
    project = replace(project, places={php: frozenset(cell.value for cell in cells)})
    before = [
        replace(last, week=last.week.back(n), projects=(replace(project, publication=loud),))
        for n in range(1, 6)
    ]
    multisite = next(n for n, name in project.key_names.items() if name == "multisite")
    answers = {n: 1000 for n in loud.answers if n != multisite}
    now = replace(loud, answers=answers, values={**moved, cells[0]: 100, cells[1]: 900})
    toy = toy_schema.projects["toy"]
    ends = last.week.end.date() + timedelta(days=30)
    keys = {**toy.keys, php: replace(toy.keys[php], expires=ends)}
    known = replace(toy_schema, projects={"toy": replace(toy, keys=keys)})
    told = news(known, [replace(last, projects=(replace(project, publication=now),)), *before])
    text = told.text()
    assert f": {cells[1].value} has risen for certain since 2026-W45, " in text
    assert f": {cells[0].value} has fallen for certain since 2026-W45, " in text
    assert ": nobody answered, and many did in the weeks before" in text
    assert ": no longer asked from " in text
    (its,) = json.loads(told.json())["projects"]
    assert {(each["key"], each["value"]) for each in its["moved"]} == {
        ("php_version", cell.value) for cell in cells[:2]
    }
    assert its["silent"] == ["multisite"]
    assert its["ending"] == [{"key": "php_version", "expires": ends.isoformat()}]


@pytest.fixture(name="soon")
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(publisher, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(publisher, "LOOK_SECONDS", 0.2)


@pytest.mark.usefixtures("soon")
def test_a_server_speaks_once_of_each_week_that_it_publishes_and_of_none_before(
    config: Config,
    clock_file: Path,
    database: Path,
    office: PostOffice,
    hook: tuple[type[Hook], str],
) -> None:
    handler, url = hook
    office.refuses = True
    its = replace(config, channels=(_channel(office.url()), _channel(url)))
    with App(its, FileClock(clock_file)) as app:
        until(lambda: _noted(database, W46) == 2)
        clock_file.write_text("2026-11-26T00:00:00Z", encoding="ascii")
        app.weeks.advance()
        until(lambda: handler.taken)
        assert office.taken == []  # it refuses, and the webhook does not wait for it
        office.refuses = False
        until(lambda: office.taken)
        until(lambda: _noted(database, W47) == 2)  # what is not noted would be sent again
        what = ("--project=toy", "--key=php_version", f"--reason={WHY}")
        assert command("retract", "--database", database, *what).exit_code == 0
    with App(its, FileClock(clock_file)):
        until(lambda: _lacks_nothing(database))
    assert [message["Subject"] for _, message in office.taken] == [f"Week {W47} is published"]
    assert [json.loads(body)["week"] for _, _, body in handler.taken] == [str(W47)]


def _noted(database: Path, week: Week) -> int:
    """The number of channels of which it is noted that they have a week."""
    with database_at(database).reading() as connection:
        query = "SELECT count(*) FROM deliveries WHERE week = ?"
        (number,) = connection.execute(query, (str(week),)).fetchone()
    return int(number)


def _lacks_nothing(database: Path) -> bool:
    with database_at(database).reading() as connection:
        rows = connection.execute(
            "SELECT count(*) FROM deliveries JOIN corrected_weeks USING (week)"
            " WHERE deliveries.corrections <> corrected_weeks.corrections"
        ).fetchone()
    return bool(rows == (0,))


def test_a_password_is_used_and_a_wrong_one_told_without_it(office: PostOffice, told: News) -> None:
    right = PASSWORD.replace(":", "%3A").replace("/", "%2F").replace("@", "%40")
    _channel(office.url(f"{USER}:{right}@")).send(told, NOW)
    assert len(office.taken) == 1
    with pytest.raises(DeliveryError) as caught:
        _channel(office.url(f"{USER}:wr0ng%40word@")).send(told, NOW)
    assert "wr0ng" not in str(caught.value)
    assert str(caught.value).startswith(f"smtp://{USER}@127.0.0.1:{office.port}/?from=")


def test_a_webhook_that_answers_an_error_is_a_failure(
    hook: tuple[type[Hook], str], told: News
) -> None:
    handler, url = hook
    handler.status = 500
    with pytest.raises(DeliveryError, match=r"^http://127\.0\.0\.1:\d+/take: answered 500$"):
        _channel(url).send(told, NOW)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://mail.example.org/?to=a@example.org", "write smtp://USER@HOST:PORT/?from=ADDRESS"),
        ("smtp://mail.example.org/?from=a@example.org", "with one or more to="),
        ("smtp://mail.example.org/?from=a@b.c&to=nobody", "with one or more to="),
        ("https://hooks.example.org/x", "a webhook needs a key to sign with"),
        ("xmpp://example.org/x", "no channel of this kind; write smtp://HOST/"),
    ],
)
def test_a_channel_that_cannot_be_used_is_refused_at_the_start(url: str, said: str) -> None:
    settings = {
        "HEADCOUNT_SERVER_REGISTRY": "registry.binpb",
        "HEADCOUNT_SERVER_DATABASE": "headcount.db",
    }
    result = CliRunner().invoke(main, ["serve", "--show-config", "--notify", url], env=settings)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
