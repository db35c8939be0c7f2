BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'gts.metrics','rounds','2026-11-22 11:19:37.327983+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'gts.metrics','points','2026-11-22 11:19:37.328425+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'gts.metrics','evaluations','2026-11-22 11:19:37.328695+00:00');
CREATE TABLE evaluations (
            member INTEGER NOT NULL,
            step INTEGER NOT NULL,
            best INTEGER NOT NULL,
            score TEXT NOT NULL,
            PRIMARY KEY (member, step)
        ) WITHOUT ROWID
        ;
INSERT INTO "evaluations" VALUES(1,30,1,'{"mean": 12.5, "score": 11.0}');
CREATE TABLE failures (member INTEGER PRIMARY KEY, step INTEGER NOT NULL, reason TEXT NOT NULL);
INSERT INTO "failures" VALUES(0,50,'a loss of nan');
CREATE TABLE points (
            series INTEGER NOT NULL,
            step INTEGER NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (series, step)
        ) WITHOUT ROWID
        ;
INSERT INTO "points" VALUES(1,20,0.25);
INSERT INTO "points" VALUES(1,40,0.25);
INSERT INTO "points" VALUES(1,50,0.25);
INSERT INTO "points" VALUES(2,20,1.5);
INSERT INTO "points" VALUES(2,40,3.5);
INSERT INTO "points" VALUES(2,50,5.0);
INSERT INTO "points" VALUES(3,20,0.5);
INSERT INTO "points" VALUES(3,40,0.5);
INSERT INTO "points" VALUES(3,50,0.5);
INSERT INTO "points" VALUES(4,20,101.5);
INSERT INTO "points" VALUES(4,40,103.5);
INSERT INTO "points" VALUES(4,50,105.0);
CREATE TABLE rounds (
            step INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL,
            elapsed REAL NOT NULL
        );
INSERT INTO "rounds" VALUES(20,2,5.22080008522607386112e-05);
INSERT INTO "rounds" VALUES(40,4,1.83531999937258660793e-04);
INSERT INTO "rounds" VALUES(50,5,6.18236999798682518303e-04);
CREATE TABLE series (id INTEGER PRIMARY KEY, member INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (member, name));
INSERT INTO "series" VALUES(1,-1,'seconds/physics');
INSERT INTO "series" VALUES(2,0,'loss');
INSERT INTO "series" VALUES(3,0,'kl');
INSERT INTO "series" VALUES(4,1,'loss');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
COMMIT;
