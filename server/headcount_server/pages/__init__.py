"""Public pages, charts and data files, made from the registry and the published totals.

`counts`, `sorting`, `median`, `chart` and `distribution` are pure; `site` says
which address shows what; `routes` serves it and `static_site` writes it to files.
"""
