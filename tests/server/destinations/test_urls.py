"""No password of a destination is shown, and none is taken from the command line."""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from headcount_server.cli import main
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError
from hypothesis import given
from hypothesis import strategies as st
from support.foreign_database import Foreign
from support.mariadb_server import MariadbServer
from support.toy_weeks import command

SECRET = "b4ckSt4ge"  # noqa: S105 - nobody's
TO = "HEADCOUNT_SERVER_PUBLISH_TO"
REQUIRED = {
    "HEADCOUNT_SERVER_REGISTRY": "registry.binpb",
    "HEADCOUNT_SERVER_DATABASE": "headcount.db",
}


def _serve(*arguments: str, **environment: str) -> Result:
    words = ["serve", "--show-config", *arguments]
    return CliRunner().invoke(main, words, env={**REQUIRED, **environment})


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        f"mysql+pymysql://me:{SECRET}@db.example/totals",
        f"postgresql+psycopg://me@db.example/totals?password={SECRET}",
        f"mysql+pymysql://db.example/totals?user=me&passwd={SECRET}",
        f"elasticsearch+https://me:{SECRET}@search.example:9200",
        f"elasticsearch+https://search.example/?api_key={SECRET}",
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    url: str, database: Path
) -> None:
    for result in (
        command("publish", "--database", database, "--to", url),
        _serve(f"--publish-to={url}"),
    ):
        assert result.exit_code == 1
        assert "others can read a password there" in result.output
        assert "--credentials" in result.output
        assert SECRET not in result.output


def test_a_password_from_the_environment_is_taken_and_not_shown() -> None:
    url = f"mysql+pymysql://me:{SECRET}@db.example:3307/totals?charset=utf8mb4&x_token={SECRET}"
    result = _serve(**{TO: f"{url} sqlite:///totals.db"})
    assert result.exit_code == 0, result.output
    shown = "mysql+pymysql://me@db.example:3307/totals?charset=utf8mb4"
    (line,) = [line for line in result.output.splitlines() if line.startswith("publish-to")]
    assert line.split() == ["publish-to", shown, "sqlite:///totals.db", TO]
    assert SECRET not in result.output


@pytest.mark.slow
def test_the_command_takes_a_password_from_the_same_variable(
    monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    monkeypatch.setenv(TO, f"mysql+pymysql://me:{SECRET}@127.0.0.1:1/totals")
    result = command("publish", "--database", database)
    assert result.exit_code == 1
    assert "Error: mysql+pymysql://me@127.0.0.1:1/totals: " in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    "url",
    [
        f"mysql+pymysql://me:{SECRET}/2@db.example/totals",
        f"mysql+pymysql://me:{SECRET}#2@db.example/totals",
        f"mysql+pymysql://me:{SECRET}?2@db.example/totals",
        f"mysql+pymysql://me:{SECRET}@2@db.example/totals",
        f"mysql+pymysql://me:x@db.example:{SECRET}/totals",
        f"mysql+pymysql://[me:{SECRET}@db.example/totals",
        SECRET,
        f"mysql:{SECRET}",
    ],
)
def test_what_cannot_be_read_as_a_url_is_refused_and_not_repeated(url: str) -> None:
    result = _serve(**{TO: url})
    assert result.exit_code
    assert "cannot be read as a URL; write SCHEME://USER@HOST/NAME" in result.output
    assert SECRET not in result.output


@pytest.mark.slow
@given(password=st.text(min_size=4).filter(lambda text: not text.isascii() or len(text) > 6))
def test_the_text_of_a_url_never_has_its_password(password: str) -> None:
    whole = f"mysql+pymysql://me:{password}@db.example:3306/totals"
    try:
        url = DestinationUrl.parse("--to", whole)
    except ConfigError as error:
        said = str(error)
    else:
        said = f"{url!r} {url.without_password(f'no entry for {password}.')}"
        assert str(url) == "mysql+pymysql://me@db.example:3306/totals"
    assert password not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("oracle://me@db.example/totals", "no destination of this kind; write mysql+pymysql://"),
        ("elasticsearch://search.example", "no destination of this kind; write mysql+pymysql://"),
        ("elasticsearch+https://search.example/Upper", "write elasticsearch+https://USER@HOST"),
        ("mysql+nothing://me@db.example/totals", "SQLAlchemy knows no such database or option"),
    ],
)
def test_another_kind_of_destination_is_refused_with_those_that_there_are(
    url: str, said: str
) -> None:
    result = _serve(f"--publish-to={url}")
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_one_destination_is_named_once() -> None:
    twice = f"mysql+pymysql://me:{SECRET}@db.example/t mysql+pymysql://me:other@db.example/t"
    result = _serve(**{TO: twice})
    assert result.exit_code == 1
    assert "mysql+pymysql://me@db.example/t: named twice; name it once" in result.output


def test_a_file_of_credentials_is_for_its_owner_alone_and_names_the_line_that_is_wrong(
    credentials: Callable[..., Path],
) -> None:
    file = credentials(f"mysql+pymysql://me:{SECRET}@db.example/totals", SECRET)
    flags = ("--publish-to=mysql+pymysql://me@db.example/totals", f"--credentials={file}")
    result = _serve(*flags)
    assert result.exit_code == 1
    assert f"--credentials {file}, line 4: cannot be read as a URL" in result.output
    file.chmod(0o644)
    assert "everybody can read it; take that right away: chmod o-r" in _serve(*flags).output
    file.unlink()
    assert f"--credentials {file}: No such file or directory" in _serve(*flags).output
    assert SECRET not in result.output


@pytest.mark.slow
def test_a_refused_password_is_in_no_message(
    mariadb: MariadbServer,
    mariadb_totals: Foreign,
    database: Path,
    credentials: Callable[..., Path],
) -> None:
    name = mariadb_totals.text.rpartition("/")[2]
    file = credentials(mariadb.url(name, SECRET))
    flags = ("--to", mariadb.url(name, ""), "--credentials", file)
    result = command("publish", "--database", database, *flags)
    assert result.exit_code == 1
    assert "Access denied for user 'headcount'" in result.output
    assert SECRET not in result.output


def test_without_the_extra_a_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = util.find_spec
    monkeypatch.setattr(
        "headcount_server.destinations.open.find_spec",
        lambda name: None if name == "sqlalchemy" else found(name),
    )
    result = _serve("--publish-to=sqlite:///totals.db")
    assert result.exit_code == 1
    assert "needs packages that are not installed (sqlalchemy)" in result.output
    assert "pip install 'headcount-server[publish]'" in result.output
