"""What a workspace remembers: its jobs, runs and studies, their numbers, the scores of its checkpoints.

The contract of this room, for everything that leans on it; `tests/store/test_contract.py` holds it point by point:

- **A workspace works without a catalogue.** `gts.db` is an index; what a run is stands in its own folder (`run.json`,
  `job.json`, `metrics.db`, checkpoints, `log.txt`), and so it is with a study. Nobody loses a training because the catalogue
  is locked, damaged or on a read-only disk: writers of the catalogue get a FileError and may go on without it, and
  `indexing.unindexed` finds what it missed.
- **`gts.db` has many writers.** It uses the rollback journal, never WAL; a transaction holds one statement or a few, begins
  with the write lock and waits up to ten seconds for another writer. Its pages come out newest first, by index.
- **`runs/<id>/metrics.db` has one writer**, the process that trains. It uses WAL with `synchronous=FULL`, or the rollback
  journal on a network file system; when the writer closes it, the file turns into one that can be copied or read from a
  read-only disk. What was flushed is there after a kill or a power cut; what was not is at most one second of numbers. A
  training that goes on from the step of a flush leaves the rows of one that never stopped.
- **Readers never write, and in WAL never wait**: they open their file with `mode=ro`, see the last flushed state, and can be
  killed at any time. A reader is used by one thread.
- **A transaction is whole or not at all**, whoever is killed in the middle of it.
- **Records are frozen**; changing one means writing a new one through the store. Times are UTC, ISO 8601, as text. A value
  that is not finite is never stored.
- **The shape of a file changes by named migrations only**, in order, each recorded by its name in the transaction that makes
  it. Files of every older shape open in today's program; a reader of an older file sees what was there.
- **What a file cannot do is a FileError** with its name and a remedy: FullDiskError where there is no room, and then the same
  rows can be written later; a damaged file is never repaired in silence: a person
  repairs it, or `database.move_database_aside` moves it away.
"""
