# Written by headcount-registry from the declarations of signup_sheet; do not edit.
"""The words of Signup Sheet in other languages, by key and attribute.

They are loaded only when a question is asked in one of these languages.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "recipient": "Die Betreuer von Signup Sheet",
        "title": "Signup Sheet",
        "version.description": "Die installierte Version von Signup Sheet, gekürzt auf zwei Stellen.",
        "version.label": "Version",
        "version.purpose": "Sehen, welche Versionen in Gebrauch sind, und entscheiden, wie lange jede unterstützt wird.",
        "jquery_version.label": "jQuery-Version",
        "php_version.label": "PHP-Version",
    },
    "es": {
        "recipient": "Los responsables de Signup Sheet",
        "title": "Signup Sheet",
        "version.description": "La versión instalada de Signup Sheet, recortada a dos componentes.",
        "version.label": "Versión",
        "version.purpose": "Ver qué versiones se usan y decidir durante cuánto tiempo se admite cada una.",
        "jquery_version.label": "Versión de jQuery",
        "php_version.label": "Versión de PHP",
    },
}
