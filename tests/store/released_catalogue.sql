BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'gts.catalogue','runs','2026-11-22 11:19:37.294207+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'gts.catalogue','checkpoints','2026-11-22 11:19:37.294546+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'gts.catalogue','scores','2026-11-22 11:19:37.294830+00:00');
CREATE TABLE checkpoints (
            path TEXT PRIMARY KEY,
            run TEXT NOT NULL,
            member INTEGER NOT NULL,
            kind TEXT NOT NULL,
            step INTEGER NOT NULL,
            checksum TEXT NOT NULL,
            written TEXT NOT NULL
        );
INSERT INTO "checkpoints" VALUES('runs/20261120-081530-hopperPPO-k3f/member1/best.checkpoint','20261120-081530-hopperPPO-k3f',0,'best',500,'abc','2026-11-20T08:16:00Z');
CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            source TEXT NOT NULL,
            figure TEXT NOT NULL,
            technique TEXT NOT NULL,
            members INTEGER NOT NULL,
            total_steps INTEGER NOT NULL,
            step INTEGER NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            started TEXT NOT NULL,
            finished TEXT NOT NULL
        );
INSERT INTO "runs" VALUES('20261120-081530-hopperPPO-k3f','hopperPPO','hopper/hopperPPO.spec','hopper','ppo',2,1000,1000,'done','','2026-11-20T08:15:30Z','2026-11-20T09:15:30Z');
INSERT INTO "runs" VALUES('20261121-081530-walkerA2C-k3f','walkerA2C','walker/walkerA2C.spec','walker','a2c',2,1000,400,'failed','a loss of nan','2026-11-21T08:15:30Z','2026-11-21T08:20:00Z');
INSERT INTO "runs" VALUES('20261122-081530-hopperA2C-k3f','hopperA2C','hopper/hopperA2C.spec','hopper','a2c',2,1000,500,'interrupted','','2026-11-22T08:15:30Z','2026-11-22T08:16:00Z');
INSERT INTO "runs" VALUES('20261123-081530-antPPO-k3f','antPPO','ant/antPPO.spec','ant','ppo',2,1000,60,'running','','2026-11-23T08:15:30Z','');
CREATE TABLE scores (
            id INTEGER PRIMARY KEY,
            checksum TEXT NOT NULL,
            path TEXT NOT NULL,
            seed INTEGER NOT NULL,
            steps INTEGER NOT NULL,
            episodes INTEGER NOT NULL,
            mean REAL NOT NULL,
            score REAL NOT NULL,
            details TEXT NOT NULL,
            taken TEXT NOT NULL
        );
INSERT INTO "scores" VALUES(1,'abc','out.checkpoint',0,1000,100,959.0,927.4,'{"iqm": 960.0}','2026-11-20T09:16:00Z');
INSERT INTO "scores" VALUES(2,'def','elsewhere.checkpoint',0,1000,100,12.0,11.5,'{"iqm": 12.0}','2026-11-20T09:17:00Z');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX checkpoints_by_run ON checkpoints (run, member, step);
CREATE INDEX scores_by_checksum ON scores (checksum, id);
COMMIT;
