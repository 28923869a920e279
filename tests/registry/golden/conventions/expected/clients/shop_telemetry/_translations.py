# Written by headcount-registry from the declarations of shop; do not edit.
"""The words of Shop in other languages, by key and attribute.

They are loaded only when a question is asked in one of these languages.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "age.description": "Seit wie vielen Wochen diese Installation an der Zählung teilnimmt, in drei Bereichen; ältere werden nicht unterschieden.",
        "age.label": "Alter der Installation",
        "age.purpose": "Installationen, die bleiben, von solchen unterscheiden, die bald verschwinden, zum Beispiel Tests und Container.",
        "edition.label": "Ausgabe",
        "edition.purpose": "Entscheiden, welche Ausgaben lange unterstützt werden.",
        "second_edition.purpose": "Entscheiden, welche Ausgaben lange unterstützt werden.",
    },
    "es": {
        "age.description": "Desde hace cuántas semanas participa esta instalación en el recuento, en tres intervalos; las más antiguas no se distinguen.",
        "age.label": "Antigüedad de la instalación",
        "age.purpose": "Distinguir las instalaciones que permanecen de las que pronto desaparecen, como pruebas y contenedores.",
    },
}
