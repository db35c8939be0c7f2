"""`gts export`: the numbers of a run or a checkpoint, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gts.commands.declare import Argument, Command, Context, Result
from gts.commands.references import Reference, refer
from gts.errors import UsageError

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class Exported(Result):
    """A file of numbers."""

    source: str
    path: str
    rows: int
    columns: tuple[str, ...]


def run(context: Context, *, reference: str, file: Path) -> Exported:
    """Write the learning curve of a checkpoint, or every metric of a run."""
    from gts.formats.durable import write_durably

    writers = {".csv": _csv, ".json": _json}
    if file.suffix not in writers:
        raise UsageError(f"cannot tell from `{file}` what to write", hint="end the name in .csv or .json")
    named = refer(context, reference)
    columns, rows = _table(named)
    write_durably(file, writers[file.suffix](columns, rows).encode())
    return Exported(str(named.path), str(file), len(rows), tuple(columns))


def _table(reference: Reference) -> Table:
    if reference.kind == "checkpoint":
        from gts.formats.checkpoint import read_header

        history = read_header(reference.path).history
        columns = list(dict.fromkeys(key for row in history for key in row)) or ["step"]
        return columns, [[row.get(column) for column in columns] for row in history]
    if reference.kind == "run":
        return _metrics(reference)
    raise UsageError(f"{reference.path} is a {reference.kind}, which has no numbers", hint="name a run or a checkpoint")


def _metrics(reference: Reference) -> Table:
    """Every metric of every member: a row a member and round."""
    from gts.store.curves import MetricsReader

    with MetricsReader(reference.run.metrics) as reader:
        tables = [reader.table(member) for member in range(reader.members())]
    columns = list(dict.fromkeys(column for names, _ in tables for column in names))
    rows = []
    for member, (names, values) in enumerate(tables):
        places = [names.index(column) if column in names else None for column in columns]
        rows += [[member + 1, *(None if place is None else row[place] for place in places)] for row in values]
    return ["member", *columns], rows


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1) + "\n"


COMMAND = Command(
    name="export",
    summary="Write the numbers of a run or a checkpoint to a file.",
    group="looking",
    run=run,
    help="Of a run every metric, a row a member and round; of a checkpoint its learning curve.",
    arguments=(
        Argument("reference", "A checkpoint, or a run: its folder, id or @last.", "reference"),
        Argument("file", "What to write; its ending says how: .csv or .json.", "file", "path"),
    ),
    examples=("gts export @last metrics.csv",),
)
