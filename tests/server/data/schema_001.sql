-- A database as version 0.1.0 first made it (schema 1): one closed and one open week of the toy project.
-- Its week key is 62c69cd0e6ab118d87695c64aff6086fbf4c03f051b9160d58cd0bc460377dbf.
PRAGMA application_id=1751409524;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'headcount_server','m001_open_and_published_weeks','2026-11-21 19:12:07.552707+00:00');
CREATE TABLE keys (
  project TEXT, key INTEGER, name TEXT NOT NULL, PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('toy',1,'version');
INSERT INTO "keys" VALUES('toy',2,'php_version');
INSERT INTO "keys" VALUES('toy',3,'multisite');
INSERT INTO "keys" VALUES('toy',4,'web_server');
INSERT INTO "keys" VALUES('toy',5,'nodes');
INSERT INTO "keys" VALUES('toy',6,'modules');
INSERT INTO "keys" VALUES('toy',7,'contrib');
INSERT INTO "keys" VALUES('toy',8,'note');
INSERT INTO "keys" VALUES('toy',9,'old');
INSERT INTO "keys" VALUES('toy',10,'languages');
INSERT INTO "keys" VALUES('toy',11,'channel');
CREATE TABLE open_answers (
  week TEXT, project TEXT, key INTEGER, answers INTEGER NOT NULL,
  PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "open_answers" VALUES('2026-W47','toy',1,3);
INSERT INTO "open_answers" VALUES('2026-W47','toy',2,3);
INSERT INTO "open_answers" VALUES('2026-W47','toy',3,3);
CREATE TABLE open_reports (
  week TEXT, project TEXT, reports INTEGER NOT NULL, PRIMARY KEY (week, project)
) STRICT, WITHOUT ROWID;
INSERT INTO "open_reports" VALUES('2026-W47','toy',3);
CREATE TABLE open_values (
  week TEXT, project TEXT, key INTEGER, value TEXT, release TEXT, reports INTEGER NOT NULL,
  PRIMARY KEY (week, project, key, value, release)
) STRICT, WITHOUT ROWID;
INSERT INTO "open_values" VALUES('2026-W47','toy',1,'1.30','',3);
INSERT INTO "open_values" VALUES('2026-W47','toy',2,'8.2','1.30',3);
INSERT INTO "open_values" VALUES('2026-W47','toy',3,'true','',2);
CREATE TABLE published_answers (
  week TEXT, project TEXT, key INTEGER, answers INTEGER NOT NULL,
  PRIMARY KEY (week, project, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "published_answers" VALUES('2026-W46','toy',1,10);
INSERT INTO "published_answers" VALUES('2026-W46','toy',2,10);
INSERT INTO "published_answers" VALUES('2026-W46','toy',3,10);
CREATE TABLE published_reports (
  week TEXT, project TEXT, reports INTEGER NOT NULL, PRIMARY KEY (week, project)
) STRICT, WITHOUT ROWID;
INSERT INTO "published_reports" VALUES('2026-W46','toy',10);
CREATE TABLE published_values (
  week TEXT, project TEXT, key INTEGER, value TEXT, release TEXT, reports INTEGER NOT NULL,
  PRIMARY KEY (week, project, key, value, release)
) STRICT, WITHOUT ROWID;
INSERT INTO "published_values" VALUES('2026-W46','toy',1,'1.30','',10);
INSERT INTO "published_values" VALUES('2026-W46','toy',2,'8.2','1.30',5);
INSERT INTO "published_values" VALUES('2026-W46','toy',2,'8.3','1.30',5);
INSERT INTO "published_values" VALUES('2026-W46','toy',3,'true','',5);
CREATE TABLE tokens_2026_W47 (token BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO "tokens_2026_W47" VALUES(X'08BD45B6081680458F6BC7AD7089417F');
INSERT INTO "tokens_2026_W47" VALUES(X'31EFA4DD9B87026BA3DE3D836AED19E3');
INSERT INTO "tokens_2026_W47" VALUES(X'819D8EF7FC11BAC831EEA3B3BED91A42');
CREATE TABLE week_registries (
  week TEXT, project TEXT, digest TEXT, PRIMARY KEY (week, project, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO "week_registries" VALUES('2026-W46','toy','d1');
INSERT INTO "week_registries" VALUES('2026-W47','toy','d1');
CREATE TABLE weeks (
  week TEXT PRIMARY KEY, threshold INTEGER NOT NULL, closes TEXT NOT NULL, closed TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "weeks" VALUES('2026-W46',5,'2026-11-16T00:00:00+00:00','2026-11-18T00:00:00+00:00');
INSERT INTO "weeks" VALUES('2026-W47',5,'2026-11-23T00:00:00+00:00',NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
COMMIT;
