"""The files of a workspace: its runs, studies and jobs, their metrics, the index of all of them, the trash.

May import `formats`, `params`, `system` and `errors`. The contract of this room, held by `tests/store/test_contract.py`:

- **A workspace works without a catalogue.** `gts.db` is an index; each run and study is described completely by its own folder
  (`run.json`, `job.json`, `metrics.db`, checkpoints, `log.txt`). No training is lost because the catalogue is locked, damaged
  or on a read-only disk: its writers get a FileError and may continue without it, and `find_unindexed_runs` lists what it
  lacks.
- **`gts.db` has many writers.** It uses the rollback journal, never WAL; a transaction has a few statements, begins with the
  write lock and waits up to ten seconds for another writer. Its pages are read newest first, by index.
- **`runs/<id>/metrics.db` has one writer**, the process that trains. It uses WAL with `synchronous=FULL`, or the rollback
  journal on a network file system; closing it leaves one file that can be copied or read from a read-only disk. Flushed rows
  survive a kill or a power cut; at most one second of metrics is not flushed. A training that is resumed from the step of a
  flush leaves the same rows as one that never stopped.
- **Readers never write, and in WAL mode never wait**: they open the file with `mode=ro`, see the last committed state, and can
  be killed at any time. A reader is used by one thread.
- **A transaction is complete or absent**, whichever process is killed during it.
- **Records are frozen**; a change writes a new record. Times are UTC, ISO 8601, as text. Values that are not finite are never
  stored.
- **Schemas change by named migrations only**, in order, each recorded in its own transaction.
- **Errors of files are FileError** with the file's name and a remedy: FullDiskError if there is no room, after which the same
  rows can be written later. A damaged database is never repaired silently; `database.move_database_aside` makes room for a new
  one.
"""
