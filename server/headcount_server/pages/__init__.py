"""Public pages, charts and data files, made from the registry and the published totals.

`distribution` is a question in one week, `answer` what that decides, `movement` what changed
for certain, `standing` which week is shown, and `timeline` the large chart. All but
`routes`, `download` and `static_site` are pure: `site` says which address shows what,
`routes` serves it, and `static_site` writes it to files.
"""
