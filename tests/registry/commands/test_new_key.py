"""The first declaration, and one more key."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount_registry.checks import run_checks
from headcount_registry.declarations.draft import gather
from headcount_registry.reading.source import read
from hypothesis import given
from hypothesis import strategies as st
from support.workbench import Bench

if TYPE_CHECKING:
    from click.testing import Result

PROGRAM = Path(sys.executable).with_name("headcount-registry")
WORDS = (
    *("--description", "The server that delivers pages."),
    *("--purpose", "Decide what we test on."),
    *("--issue", "https://toymakers.org/issues/7"),
)
CHOICE = ("--type", "choice", "--label", "Web server", "--value", "Apache", "--value", "nginx")


@pytest.fixture(name="shop")
def _shop(bench: Bench) -> Path:
    """What `init` writes."""
    assert bench.run("init", str(bench.declarations), "--project", "shop").exit_code == 0
    return bench.declarations / "shop.info"


def new_key(bench: Bench, file: Path, name: str, *flags: str) -> Result:
    return bench.run("new-key", str(file), name, *flags)


@pytest.mark.slow
def test_the_first_declaration_builds_and_is_in_strict_order(bench: Bench, shop: Path) -> None:
    assert bench.run_build().exit_code == 0
    # Its addresses are for their reader to replace, and the day of a review is hers to choose.
    found = run_checks(gather(read([shop])), strict=True)
    assert [each.check for each in found] == ["placeholder", "endless"]


def test_init_names_the_project_after_the_directory_and_the_commands_to_type(
    bench: Bench,
) -> None:
    place = bench.root / "My Shop 2"
    result = bench.run("init", str(place), "--title", "My shop")
    assert result.exit_code == 0
    assert (place / "my_shop_2.info").exists()
    assert f"headcount-registry build {place} --out generated" in result.stdout
    assert f"headcount-registry new-key {place / 'my_shop_2.info'} NAME" in result.stdout
    assert "headcount[title] = My shop\n" in (place / "my_shop_2.info").read_text()


def test_init_overwrites_nothing(bench: Bench, shop: Path) -> None:
    shop.write_text("mine\n")
    result = bench.run("init", str(bench.declarations), "--project", "shop")
    assert result.exit_code == 1
    assert "is there already; edit it, or give --project another name" in result.stderr
    assert shop.read_text() == "mine\n"


@pytest.mark.parametrize("arguments", [("--project", "My Shop"), ("--title", "two\nlines")])
def test_a_name_that_no_project_can_have_is_misuse(
    bench: Bench, arguments: tuple[str, ...]
) -> None:
    result = bench.run("init", str(bench.root / "toys"), *arguments)
    assert result.exit_code == 2
    assert not (bench.root / "toys").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flags", "kind"),
    [
        ("page_cache", ("--type", "boolean", "--label", "Page cache"), "boolean"),
        ("web_server", (*CHOICE, "--alias", "httpd=Apache"), "choice"),
        ("php_version", ("--type", "version", "--label", "PHP", "--by-version"), "version"),
        ("database", ("--precision", "1", *CHOICE[2:], "--type", "product"), "product"),
        (
            "pages",
            ("--type", "count", "--label", "Pages", "--bucket", "2", "--bucket", "10"),
            "count",
        ),
        ("formats", ("--max-items", "7", *CHOICE[2:], "--type", "list"), "list"),
    ],
)
def test_a_new_key_of_every_type_is_declared_as_its_flags_say(
    bench: Bench, shop: Path, name: str, flags: tuple[str, ...], kind: str
) -> None:
    before = shop.read_bytes()
    result = new_key(
        bench,
        shop,
        name,
        *flags,
        *WORDS,
        "--level",
        "extended",
        "--since",
        "1.2",
        "--review",
        "2028-06-30",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert shop.read_bytes().startswith(before)
    (project,) = bench.build().registry.projects
    key = next(key for key in project.keys if key.name == name)
    assert (key.type, key.level, key.since, key.review) == (kind, "extended", "1.2", "2028-06-30")
    assert key.description == "The server that delivers pages."
    found = run_checks(gather(read([shop])), strict=True)
    assert [each.check for each in found] == ["placeholder", "endless"]  # as before


REFUSED = {
    "a key that is there": ("operating_system", CHOICE, "operating_system"),
    "no name for a key": ("Web-Server", CHOICE, "is no name for a key"),
    "values that a boolean has not": ("k", ("--type", "boolean", *CHOICE[2:]), "values"),
    "a catalogue that is not there": (
        "k",
        ("--type", "list", "--label", "Some", "--catalogue", "no.txt"),
        "there is no file",
    ),
    "a constant": ("k", ("--type", "boolean", "--label", "TRUE"), "cannot be declared"),
    "bounds that do not rise": (
        "k",
        ("--type", "count", "--label", "Pages", "--bucket", "9", "--bucket", "3"),
        "9",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_key_that_is_not_in_order_leaves_the_file_as_it_is(
    bench: Bench, shop: Path, case: str
) -> None:
    name, flags, message = REFUSED[case]
    before = shop.read_bytes()
    result = new_key(bench, shop, name, *flags, *WORDS)
    assert result.exit_code == 1
    assert message in result.stderr
    assert shop.read_bytes() == before
    assert sorted(shop.parent.iterdir()) == [shop]


@pytest.mark.slow
def test_a_key_that_the_lock_knows_with_another_type_is_refused(bench: Bench, shop: Path) -> None:
    new_key(bench, shop, "web_server", *CHOICE, *WORDS)
    bench.build()
    text = shop.read_text()
    shop.write_text(
        "".join(line for line in text.splitlines(keepends=True) if "[web_server]" not in line)
    )
    bench.build()
    result = new_key(bench, shop, "web_server", "--type", "boolean", "--label", "K", *WORDS)
    assert result.exit_code == 1
    assert "has been of type choice" in result.stderr


def test_a_lock_that_cannot_be_read_is_named(bench: Bench, shop: Path) -> None:
    bench.lock.write_bytes(b"\xff\xfe")
    result = new_key(bench, shop, "web_server", *CHOICE, *WORDS)
    assert result.exit_code == 1
    assert f"{bench.lock}: cannot be read" in result.stderr


@pytest.mark.usefixtures("shop")
def test_a_key_that_clashes_with_another_file_of_the_project_is_refused(bench: Bench) -> None:
    other = bench.write("more.info", "project = shop\n")
    result = new_key(bench, other, "operating_system", *CHOICE, *WORDS)
    assert result.exit_code == 1
    assert other.read_text() == "project = shop\n"


def test_errors_that_were_there_before_do_not_stand_in_the_way(bench: Bench, shop: Path) -> None:
    bench.write("broken.info", "telemetry[k][typo] = x\n")
    result = new_key(bench, shop, "web_server", *CHOICE, *WORDS)
    assert (result.exit_code, result.stderr) == (0, "")


ENDINGS = [
    "",
    "\n",
    "\r\n",
    "; comment",
    "name = Shop",
    'name = "Shop"  ',
    "\n\n\n",
    'name = "open',
    "name[open",
]
BREAKING = ["name =", "text without equals", "a\\"]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_whatever_a_file_ends_with_it_stays_byte_for_byte(bench: Bench, ending: str) -> None:
    file = bench.write("shop.info", f"headcount[title] = Shop\n{ending}")
    before = file.read_bytes()
    result = new_key(bench, file, "web_server", *CHOICE, *WORDS)
    assert result.exit_code == 0, result.stderr
    assert file.read_bytes().startswith(before)
    (project,) = bench.build().registry.projects
    assert [key.name for key in project.keys] == ["version", "web_server"]
    assert project.title == "Shop"


@pytest.mark.parametrize("ending", BREAKING)
def test_an_end_that_would_swallow_the_key_is_refused(bench: Bench, ending: str) -> None:
    file = bench.write("shop.info", f"headcount[title] = Shop\n{ending}")
    before = file.read_bytes()
    result = new_key(bench, file, "web_server", *CHOICE, *WORDS)
    assert result.exit_code == 1
    assert f"{file}: its end would swallow what is appended" in result.stderr
    assert file.read_bytes() == before


@pytest.mark.slow
@given(ending=st.text("ab=[]\"'\\ ;\n\r", max_size=12))
def test_no_end_of_a_file_lets_a_key_go_missing(
    tmp_path_factory: pytest.TempPathFactory, ending: str
) -> None:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    file = bench.write("shop.info", f"headcount[title] = Shop\n{ending}")
    before = file.read_bytes()
    result = new_key(bench, file, "web_server", *CHOICE, *WORDS)
    assert file.read_bytes().startswith(before)
    assert (file.read_bytes() == before) == (result.exit_code != 0)
    if result.exit_code == 0:
        (project,) = gather(read([file])).projects
        assert "web_server" in {key.name for key in project.keys}


def test_line_ends_bytes_that_are_no_utf_8_and_permissions_stay(bench: Bench) -> None:
    file = bench.write("shop.info", "")
    file.write_bytes(b"description = caf\xe9\r\nheadcount[title] = Shop\r\n")
    file.chmod(0o640)
    assert new_key(bench, file, "web_server", *CHOICE, *WORDS).exit_code == 0
    data = file.read_bytes()
    assert data.startswith(b"description = caf\xe9\r\nheadcount[title] = Shop\r\n\r\ntelemetry[")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_file_as_it_was(
    bench: Bench, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = new_key(bench, shop, "web_server", *CHOICE, *WORDS)
    assert result.exit_code == 1
    assert "No space left on device; it is as it was" in result.stderr
    assert shop.read_bytes() == before
    assert sorted(shop.parent.iterdir()) == [shop]


def test_a_link_stays_a_link(bench: Bench, shop: Path, tmp_path: Path) -> None:
    alias = tmp_path / "alias.info"
    alias.symlink_to(shop)
    assert new_key(bench, alias, "web_server", *CHOICE, *WORDS).exit_code == 0
    assert alias.is_symlink()
    assert "web_server" in shop.read_text()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "--type: is missing"),
        (("--type", "boolean"), "--label: is missing"),
        (("--type", "boolean", "--label", "Some"), "--description: is missing"),
        (("--type", "choice", "--label", "Some", *WORDS), "--value: is missing"),
        (("--type", "count", "--label", "Some", *WORDS), "--bucket: is missing"),
        (("--type", "sort"), "'sort' is not one of"),
        ((*CHOICE, *WORDS, "--alias", "httpd"), "write REPORTED=VALUE"),
    ],
)
def test_without_a_terminal_what_is_missing_is_misuse(
    bench: Bench, shop: Path, flags: tuple[str, ...], message: str
) -> None:
    result = new_key(bench, shop, "k", *flags)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_that_is_not_there_is_misuse_with_the_way_to_make_one(bench: Bench) -> None:
    result = new_key(bench, bench.root / "no.info", "k", *CHOICE)
    assert result.exit_code == 2
    assert "make one with `headcount-registry init`" in result.stderr


@pytest.mark.slow
def test_on_a_terminal_what_is_missing_is_asked_for(shop: Path) -> None:
    answers = {
        "Type": "choice",
        "Label": "Web server",
        "What the value is": "The server that delivers pages.",
        "Which decision": "Decide what we test on.",
        "Where collecting": "https://toymakers.org/7",
        "Values": "Apache, nginx",
    }
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "new-key", shop, "web_server"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        for question, answer in answers.items():
            seen = until(ours, question)
            assert question in seen
            os.write(ours, answer.encode() + b"\n")
        until(ours, "is declared")
    os.close(ours)
    assert process.returncode == 0
    text = shop.read_text()
    assert "telemetry[web_server][values][] = nginx\n" in text
    assert "telemetry[web_server][issue] = https://toymakers.org/7\n" in text


def until(terminal: int, words: str) -> str:
    """What a terminal shows until it shows these words and waits."""
    seen = ""
    while words not in seen:
        assert select.select([terminal], [], [], 30)[0], f"no {words!r} in {seen!r}"
        seen += os.read(terminal, 1024).decode()
    return seen
