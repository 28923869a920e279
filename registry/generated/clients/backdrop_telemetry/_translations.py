# Written by headcount-registry from the declarations of backdrop; do not edit.
"""The words of Backdrop CMS in other languages, by key and attribute.

They are loaded only when a question is asked in one of these languages.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "php_version.label": "PHP-Version",
    },
    "es": {
        "php_version.label": "Versión de PHP",
    },
}
