"""What a PHP module tells by `hook_telemetry_info()` of Backdrop's Telemetry.

    function MODULE_telemetry_info() {
      $info['php_version'] = array(
        'label' => t('PHP version'),
        'description' => t('The version of PHP.'),
        'project' => 'backdrop',
      );
      return $info;
    }

Literal arrays are read, whether they are returned, assigned to a variable, or to an element of
one. All else is returned with its place: only PHP could say what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from headcount_registry.errors import SourceError
from headcount_registry.findings import Location
from headcount_registry.inference import php_literals
from headcount_registry.inference.php_literals import Array, Cursor, NotLiteral
from headcount_registry.inference.php_tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.inference.php_literals import Literal

HOOK = "_telemetry_info"
"""The end of the name of a function that implements the hook."""

_CONDITIONS = frozenset({"if", "elseif", "else"})
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Told:
    """A key as a module tells it: its words, and where; `project` is the module unless named."""

    project: str
    name: str
    label: str
    description: str
    location: Location
    conditional: bool
    """Whether the module tells it only under a condition."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Code that could not be read, and its place."""

    location: Location
    code: str


@dataclass(slots=True)
class Hooks:
    """All that the hooks of a file tell, and what of them could not be read."""

    told: list[Told] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read(text: str, file: str) -> Hooks:
    """Return what the hooks in a PHP file tell. Raises `SourceError` if the file is broken."""
    hooks = Hooks()
    cursor = Cursor(list(tokens(text, file)), text, file)
    while cursor.token is not None:
        if cursor.step().code.lower() != "function":
            continue
        cursor.take("&")
        name = cursor.token.code if cursor.token else ""
        if name.lower().endswith(HOOK) and name.lower() != HOOK:
            cursor.skip_to("{", ";")
            if cursor.take("{"):
                _Body(cursor, name[: -len(HOOK)], hooks).block()
    return hooks


class _Body:
    """The body of one hook, read statement by statement."""

    def __init__(self, cursor: Cursor, module: str, hooks: Hooks) -> None:
        self._cursor = cursor
        self._module = module
        self._hooks = hooks
        self._conditions = 0

    def block(self) -> None:
        """Read statements up to the brace that ends the block."""
        while not self._cursor.take("}"):
            self._statement()

    def _statement(self) -> None:
        cursor = self._cursor
        first = cursor.token or cursor.step()
        if first.code.lower() in _CONDITIONS:
            cursor.step()
            self._condition(first.line)
        elif cursor.take(";") or self._returns_a_variable():
            pass
        elif not self._assigns(first.line):
            cursor.skip_statement()
            self._unread(first.line, cursor.code_since(first))

    def _condition(self, line: int) -> None:
        if self._conditions > _DEEPEST:
            file = self._cursor.file
            raise SourceError(f"{file}:{line}: conditions are nested more than {_DEEPEST} deep")
        self._conditions += 1
        if self._cursor.take("("):
            self._cursor.skip_to()
            self._cursor.step()
        if self._cursor.take("{"):
            self.block()
        else:
            self._statement()
        self._conditions -= 1

    def _returns_a_variable(self) -> bool:
        """Step over `return $info;`, which says nothing by itself."""
        after = self._cursor.ahead(1)
        if after and after.kind == "variable" and self._cursor.is_at("return", after.code, ";"):
            return self._cursor.take("return", after.code, ";")
        return self._cursor.take("return", ";")

    def _assigns(self, line: int) -> bool:
        """Read `return ARRAY;`, `$info = ARRAY;` or `$info['key'] = ARRAY;` if that is here."""
        cursor = self._cursor
        start, after = cursor.token, cursor.ahead(1)
        path: tuple[str, ...] | None = ()
        if not cursor.take("return"):
            if start is None or start.kind != "variable":
                return False
            if after is None or after.code not in {"[", "="}:
                return False
            cursor.step()
            path = self._path()
            path = path if cursor.take("=") else None
        if path is not None:
            self._items(path, php_literals.value(cursor), line)
        cursor.skip_statement()
        if path is None and start is not None:
            self._unread(line, cursor.code_since(start))
        return True

    def _path(self) -> tuple[str, ...] | None:
        """Return the literal keys in brackets after a variable; None if one is not literal."""
        cursor, path = self._cursor, []
        while cursor.take("["):
            key = php_literals.value(cursor)
            if not isinstance(key, str) or not cursor.take("]"):
                return None
            path.append(key)
        return tuple(path)

    def _items(self, path: tuple[str, ...], said: Literal, line: int) -> None:
        for name in reversed(path):
            said = Array({name: (line, said)})
        if not isinstance(said, Array):
            self._unread(line, said.code if isinstance(said, NotLiteral) else said)
            return
        for each in said.unread:
            self._unread(each.line, each.code)
        for name, (at, item) in said.items.items():
            if isinstance(item, Array):
                self._key(name, item, at)
            else:
                code = item.code if isinstance(item, NotLiteral) else item
                self._unread(at, f"'{name}' => {code}")

    def _key(self, name: str, item: Array, line: int) -> None:
        words: dict[str, str] = {}
        for attribute, (at, said) in item.items.items():
            if isinstance(said, str):
                words[attribute] = said
            else:
                code = said.code if isinstance(said, NotLiteral) else "array"
                self._unread(at, f"'{name}' '{attribute}' => {code}")
        for each in item.unread:
            self._unread(each.line, f"'{name}' {each.code}")
        self._hooks.told.append(
            Told(
                project=words.get("project", self._module),
                name=name,
                label=words.get("label", ""),
                description=words.get("description", ""),
                location=Location(self._cursor.file, line),
                conditional=self._conditions > 0,
            )
        )

    def _unread(self, line: int, code: str) -> None:
        self._hooks.unread.append(Unread(Location(self._cursor.file, line), code))


def merged(told: Iterable[Told]) -> dict[tuple[str, str], Told]:
    """Return what was told by project and key; words that were told later add to earlier ones."""
    found: dict[tuple[str, str], Told] = {}
    for each in told:
        known = found.setdefault((each.project, each.name), each)
        found[each.project, each.name] = replace(
            known,
            label=each.label or known.label,
            description=each.description or known.description,
            conditional=each.conditional and known.conditional,
        )
    return found
