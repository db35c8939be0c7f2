"""What a workspace remembers: its runs, their numbers, the scores of its checkpoints.

The contract of this room, for everything that leans on it:

- **A workspace works without a catalogue.** `gts.db` is an index; what a run is stands in its own folder (`run.json`,
  `metrics.db`, checkpoints, `log.txt`). Nobody loses a training because the catalogue is locked, damaged or on a read-only
  disk: writers of the catalogue get a FileError and may go on without it.
- **`gts.db` has many writers.** It uses the rollback journal, never WAL; a transaction holds one statement or a few, begins
  with the write lock and waits up to ten seconds for another writer.
- **`runs/<id>/metrics.db` has one writer**, the process that trains. It uses WAL with `synchronous=FULL`, or the rollback
  journal on a network file system; when the writer closes it, the file turns into one that can be copied or read from a
  read-only disk. What was flushed is there after a kill or a power cut; what was not is at most one second of numbers.
- **Readers never write and never wait**: they open their file with `mode=ro`, see the last flushed state, and can be killed at
  any time. A reader is used by one thread.
- **Records are frozen**; changing one means writing a new one through the store. Times are UTC, ISO 8601, as text. A value
  that is not finite is never stored.
- **The shape of a file changes by named migrations only**, in order, each recorded by its name in the transaction that makes
  it. Files of every older shape open in today's program; a reader of an older file sees what was there.
"""
