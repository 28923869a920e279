"""Public pages, charts and data files, made from the registry and the published totals.

`distribution` is a question in one week, `answer` is what that decides, `movement` is what
changed for certain, `standing` says which week is shown, and `timeline` is the large chart.
`picture` is what a preview shows, and `bitmap` draws it.
All modules are pure except `routes`, `download` and `static_site`. `site` says which
address shows what, `routes` serves it, and `static_site` writes it to files.
"""
