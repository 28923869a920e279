"""The schema of the database, as steps that are applied in order at start.

No step creates tables of tokens: each week's table is made when the week opens and dropped
when it closes.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("headcount_server")

_M001 = """
CREATE TABLE weeks (
  week TEXT PRIMARY KEY, threshold INTEGER NOT NULL, closes TEXT NOT NULL, closed TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE week_registries (
  week TEXT, project TEXT, digest TEXT, PRIMARY KEY (week, project, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
  project TEXT, key INTEGER, name TEXT NOT NULL, PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_reports (
  week TEXT, project TEXT, reports INTEGER NOT NULL, PRIMARY KEY (week, project)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_answers (
  week TEXT, project TEXT, key INTEGER, answers INTEGER NOT NULL,
  PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_values (
  week TEXT, project TEXT, key INTEGER, value TEXT, release TEXT, reports INTEGER NOT NULL,
  PRIMARY KEY (week, project, key, value, release)
) STRICT, WITHOUT ROWID;
CREATE TABLE published_reports (
  week TEXT, project TEXT, reports INTEGER NOT NULL, PRIMARY KEY (week, project)
) STRICT, WITHOUT ROWID;
CREATE TABLE published_answers (
  week TEXT, project TEXT, key INTEGER, answers INTEGER NOT NULL,
  PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE published_values (
  week TEXT, project TEXT, key INTEGER, value TEXT, release TEXT, reports INTEGER NOT NULL,
  PRIMARY KEY (week, project, key, value, release)
) STRICT, WITHOUT ROWID;
"""

_M002 = """
CREATE TABLE retractions (
  week TEXT, project TEXT, key INTEGER, reason TEXT NOT NULL, retracted TEXT NOT NULL,
  PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotations (week TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

_M003 = """
CREATE VIEW published_weeks AS
  SELECT week,
    date(substr(week, 1, 4) || '-01-04', 'weekday 0', '-6 days',
      '+' || (7 * (CAST(substr(week, 7) AS INTEGER) - 1)) || ' days') AS monday,
    threshold, closes, closed, coalesce(text, '') AS annotation
  FROM weeks LEFT JOIN annotations USING (week) WHERE closed IS NOT NULL;
CREATE VIEW published_totals AS
  SELECT week, monday, threshold, project, '' AS key, 'reports' AS measure, '' AS value,
    '' AS version, reports
  FROM published_reports JOIN published_weeks USING (week)
  UNION ALL SELECT week, monday, threshold, project, name, 'answers', '', '', answers
  FROM published_answers JOIN keys USING (project, key) JOIN published_weeks USING (week)
  UNION ALL SELECT week, monday, threshold, project, name, 'value', value, release, reports
  FROM published_values JOIN keys USING (project, key) JOIN published_weeks USING (week);
CREATE VIEW published_retractions AS
  SELECT week,
    date(substr(week, 1, 4) || '-01-04', 'weekday 0', '-6 days',
      '+' || (7 * (CAST(substr(week, 7) AS INTEGER) - 1)) || ' days') AS monday,
    project, name AS key, reason, retracted AS date
  FROM retractions JOIN keys USING (project, key) WHERE week <> '';
"""

_M005 = """
CREATE TABLE key_terms (
  week TEXT, project TEXT, key INTEGER, threshold INTEGER NOT NULL, crossed INTEGER NOT NULL,
  kind INTEGER NOT NULL, folded INTEGER NOT NULL, PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
  week TEXT, project TEXT, key INTEGER, value TEXT, declared INTEGER NOT NULL,
  PRIMARY KEY (week, project, key, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE told_apart (
  week TEXT, project TEXT, key INTEGER, value TEXT, release TEXT,
  PRIMARY KEY (week, project, key, value, release)
) STRICT, WITHOUT ROWID;
DROP VIEW published_totals;
CREATE VIEW published_totals AS
  SELECT week, monday, threshold, project, '' AS key, 'reports' AS measure, '' AS value,
    '' AS version, reports, 0 AS other_releases
  FROM published_reports JOIN published_weeks USING (week)
  UNION ALL SELECT week, monday, coalesce(key_terms.threshold, published_weeks.threshold), project,
    name, 'answers', '', '', answers, 0
  FROM published_answers JOIN keys USING (project, key) JOIN published_weeks USING (week)
    LEFT JOIN key_terms USING (week, project, key)
  UNION ALL SELECT week, monday, coalesce(key_terms.threshold, published_weeks.threshold), project,
    name, 'value', value, release, reports,
    CASE WHEN release = '' AND crossed = 1 AND folded = 0 THEN 1 ELSE 0 END
  FROM published_values JOIN keys USING (project, key) JOIN published_weeks USING (week)
    LEFT JOIN key_terms USING (week, project, key);
CREATE VIEW published_told_apart AS
  SELECT week, monday, project, name AS key, value, release AS version
  FROM told_apart JOIN keys USING (project, key) JOIN published_weeks USING (week);
"""

_M006 = """
CREATE TABLE coverages (
  week TEXT, project TEXT, installations INTEGER NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (week, project)
) STRICT, WITHOUT ROWID;
CREATE VIEW published_coverages AS
  SELECT week, monday, project, installations, source
  FROM coverages JOIN published_weeks USING (week);
"""

_M007 = """
CREATE TABLE corrected_weeks (
  week TEXT PRIMARY KEY, corrections INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  destination TEXT, week TEXT, corrections INTEGER NOT NULL, PRIMARY KEY (destination, week)
) STRICT, WITHOUT ROWID;
"""

_M008 = """
CREATE TABLE log_leaves (number INTEGER PRIMARY KEY, leaf TEXT NOT NULL) STRICT;
CREATE TABLE log_salts (
  week TEXT, project TEXT, kind TEXT, number INTEGER NOT NULL, salts TEXT NOT NULL,
  PRIMARY KEY (week, project, kind)
) STRICT, WITHOUT ROWID;
"""

_M009 = """
CREATE TABLE schemas (
  project TEXT, digest TEXT, declared TEXT NOT NULL, PRIMARY KEY (project, digest)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m001_open_and_published_weeks(db: Database) -> None:
    """Create totals of open weeks, published totals, and the terms of weeks."""
    # One by one, because executescript() would commit the transaction of the step.
    for statement in _M001.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m002_notices(db: Database) -> None:
    """Create the notices of an operator: totals taken down, and weeks explained."""
    for statement in _M002.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m003_views(db: Database) -> None:
    """Create the views of published totals, for other programs to read."""
    for statement in _M003.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m004_key_checks(db: Database) -> None:
    """Create the check values of week keys, which tell the right key from any other."""
    db.execute(
        "CREATE TABLE key_checks (week TEXT PRIMARY KEY, key_check BLOB NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )


@migrations()
def m005_terms_places_and_partitions(db: Database) -> None:
    """Create the terms of keys, reserved places, and the releases that are told apart."""
    for statement in _M005.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m006_coverages(db: Database) -> None:
    """Create the numbers of installations that an operator knows from elsewhere."""
    for statement in _M006.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m007_deliveries(db: Database) -> None:
    """Create the notes of what destinations have been given."""
    for statement in _M007.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m008_log_of_publications(db: Database) -> None:
    """Create the log of what was published, and the salts that open its commitments."""
    for statement in _M008.split(";")[:-1]:
        db.execute(statement)


@migrations()
def m009_schemas(db: Database) -> None:
    """Create the schemas: what each registry declared that a week was tallied under."""
    for statement in _M009.split(";")[:-1]:
        db.execute(statement)
