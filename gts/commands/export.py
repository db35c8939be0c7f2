"""`gts export`: metrics, policies and motion for other programs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.resolve import Reference, resolve
from gts.errors import FileError, MissingError, UsageError, reason

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint
    from gts.playback.motion.motion_recording import MotionRecording
    from gts.store.curves import MetricsReader


POLICY_SUFFIX = ".onnx"
MOTION_SUFFIXES = (".glb", ".usda", ".bvh", ".csv")
DEFAULT_MOTION_SECONDS = 10.0
"""Length of a motion if `--seconds` is not given."""
MAX_MOTION_SECONDS = 600.0


@dataclass(frozen=True)
class ExportedPolicy(Result):
    """An exported policy."""

    view: ClassVar[str] = "files:render_policy_export"
    source: str
    path: str
    figure: str
    technique: str
    observations: int
    actions: int


@dataclass(frozen=True)
class ExportedMotion(Result):
    """An exported motion."""

    view: ClassVar[str] = "files:render_motion_export"
    source: str
    path: str
    figure: str
    frames: int
    fps: float
    """Frames per second."""
    seconds: float
    fallen: bool
    """Whether it ends with a fall before `seconds` were over."""


def export_policy(source: Path, file: str) -> ExportedPolicy:
    """Write the policy of a checkpoint as ONNX, from observations to actions."""
    from gts.formats.checkpoint import read_checkpoint
    from gts.formats.durable import write_durably

    checkpoint = read_checkpoint(source)

    from gts.agents.agent import make_agent
    from gts.agents.onnx_policy import export_onnx_policy
    from gts.agents.state import load_checkpoint
    from gts.physics.worlds import Worlds

    spec = checkpoint.spec
    worlds = Worlds(spec.figure, 1)
    state = make_agent(spec.technique, [spec.params], worlds.observation_size, worlds.action_size).state
    load_checkpoint(state, 0, checkpoint, strict=False)
    data = export_onnx_policy(state, 0, (worlds.action_low, worlds.action_high), _policy_metadata(checkpoint, worlds.dt))
    write_durably(file, data)
    return ExportedPolicy(str(source), file, spec.figure, spec.technique, state.observation_size, state.action_size)


def export_motion(source: Path, file: str, seconds: float, seed: int) -> ExportedMotion:
    """Write the motion of a checkpoint's figure from a random start, until it falls or the time is over."""
    from gts.formats.checkpoint import read_checkpoint
    from gts.formats.durable import check_writable, write_durably

    if not 0 < seconds <= MAX_MOTION_SECONDS:
        raise UsageError(f"{seconds:g} s is not a valid length", hint=f"give a number of seconds up to {MAX_MOTION_SECONDS:g}")
    checkpoint = read_checkpoint(source)
    check_writable(file)

    from gts.playback.motion.motion_recording import record_motion
    from gts.playback.policy_player import PolicyPlayer

    motion = record_motion(PolicyPlayer(checkpoint, seed=seed, frames_per_loop=0, name=source.stem), seconds)
    write_durably(file, _motion_writer(Path(file).suffix.lower())(motion))
    figure = checkpoint.spec.figure
    return ExportedMotion(str(source), file, figure, len(motion.qpos), motion.fps, motion.seconds, motion.has_fallen)


def _motion_writer(ending: str) -> Callable[[MotionRecording], bytes]:
    from gts.playback.motion.bvh import write_bvh
    from gts.playback.motion.csv_table import write_table
    from gts.playback.motion.gltf import write_gltf
    from gts.playback.motion.usd import write_usd

    return {".glb": write_gltf, ".usda": write_usd, ".bvh": write_bvh, ".csv": write_table}[ending]


def _policy_metadata(checkpoint: Checkpoint, dt: float) -> dict[str, str]:
    """Describe origin and use of a policy in the file's metadata."""
    spec = checkpoint.spec
    return {
        "figure": spec.figure,
        "technique": spec.technique,
        "checksum": checkpoint.checksum,
        "step": str(checkpoint.counters.get("step", "")),
        "seconds per action": repr(dt),
        "gts": checkpoint.versions.get("gts", ""),
    }


ExportTable = tuple[Sequence[str], Sequence[Sequence[Any]]]

ScalarRows = list[tuple[int, float, dict[str, float]]]
"""(step, elapsed seconds, values by name) in the order of the steps."""


@dataclass(frozen=True)
class ExportedTable(Result):
    """An exported table of metrics, or a folder of TensorBoard files."""

    view: ClassVar[str] = "files:render_export"
    source: str
    path: str
    rows: int
    columns: tuple[str, ...]


def run_export(
    context: Context, *, reference: str, file: str, seconds: float | None, seed: int
) -> ExportedTable | ExportedPolicy | ExportedMotion:
    """Write metrics of a run or a checkpoint, or the policy or the motion of a checkpoint."""
    from gts.formats.durable import write_durably

    writers = {".csv": _csv, ".json": _json, ".jsonl": _json_lines}
    path = Path(file)
    ending = path.suffix.lower()
    is_motion = ending in MOTION_SUFFIXES and (ending not in writers or seconds is not None)
    if seconds is not None and not is_motion:
        hint = f"use a suffix {', '.join(MOTION_SUFFIXES)}, or leave out `--seconds`"
        raise UsageError(f"`--seconds` is for motion, which `{file}` cannot hold", hint=hint)
    if file.endswith(os.sep) or path.is_dir():
        return _write_event_files(resolve(context, reference), path)
    if is_motion or ending == POLICY_SUFFIX:
        source = _checkpoint(resolve(context, reference), "motion" if is_motion else "policy")
        return (
            export_motion(source, file, DEFAULT_MOTION_SECONDS if seconds is None else seconds, seed)
            if is_motion
            else export_policy(source, file)
        )
    if ending not in writers:
        hint = "use a suffix .csv, .json, .jsonl, .onnx, .glb, .usda or .bvh, or / for TensorBoard"
        raise UsageError(f"unknown format: `{file}`", hint=hint)
    named = resolve(context, reference)
    columns, rows = _read_table(named)
    write_durably(path, writers[ending](columns, rows).encode())
    return ExportedTable(str(named.path), file, len(rows), tuple(columns))


def _checkpoint(reference: Reference, wanted: str) -> Path:
    if reference.kind != "checkpoint":
        raise UsageError(f"{reference.path} is a {reference.kind}; only a checkpoint has a {wanted}", hint="name a checkpoint")
    return reference.path


def _read_table(reference: Reference) -> ExportTable:
    if reference.kind == "checkpoint":
        from gts.formats.checkpoint import read_checkpoint_header

        history = read_checkpoint_header(reference.path).history
        columns = list(dict.fromkeys(key for row in history for key in row)) or ["step"]
        return columns, [[row.get(column) for column in columns] for row in history]
    if reference.kind == "run":
        return _metrics_table(reference)
    raise UsageError(f"{reference.path} is a {reference.kind}, which has no metrics", hint="name a run or a checkpoint")


def _metrics_table(reference: Reference) -> ExportTable:
    """Read all metrics of all members: one row per member and round."""
    from gts.store.curves import MetricsReader

    with MetricsReader(reference.run.metrics) as reader, reader.snapshot():
        tables = [reader.table(member) for member in range(reader.member_count())]
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


def _json_lines(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)


def _write_event_files(reference: Reference, folder: Path) -> ExportedTable:
    """Write TensorBoard event files of a run, one folder per member, replacing those of an earlier export."""
    from gts.formats.durable import write_durably
    from gts.store.curves import MetricsReader

    if reference.kind != "run":
        raise UsageError(
            f"TensorBoard shows runs, but {reference.path} is a {reference.kind}", hint="use a suffix .csv or .json"
        )
    began, target = _began(reference), folder / reference.run.id
    with MetricsReader(reference.run.metrics) as reader, reader.snapshot():
        members = [_read_scalars(reader, member) for member in range(reader.member_count())]
    for member, scalars in enumerate(members):
        place = target / f"member{member + 1}" if len(members) > 1 else target
        events = _encode_events(scalars, began)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot make the folder {place}: {reason(error)}", hint="name another place") from error
        write_durably(place / f"events.out.tfevents.{int(began)}.gts", events)
    columns = sorted({name for scalars in members for _, _, values in scalars for name in values})
    return ExportedTable(str(reference.path), str(target), sum(map(len, members)), tuple(columns))


def _read_scalars(reader: MetricsReader, member: int) -> ScalarRows:
    """Read all metrics and evaluations of a member."""
    (_, _, _, *names), rows = reader.table(member)
    found: ScalarRows = []
    for step, _, elapsed, *values in rows:
        given = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        found.append((int(step or 0), elapsed or 0.0, given))
    steps = [step for step, _, _ in found]
    for evaluation in reader.evaluations(member):
        # Evaluations store no elapsed time; take that of the first row at or after their step.
        row = min(bisect_left(steps, evaluation.step), len(steps) - 1)
        numbers = {f"evaluation/{name}": value for name, value in evaluation.score.items() if _is_number(value)}
        found.append((evaluation.step, found[row][1] if steps else 0.0, numbers))
    return sorted(found, key=lambda row: row[0])


def _encode_events(scalars: ScalarRows, began: float) -> bytes:
    """Encode a TensorBoard event file; raises MissingError if `tensorboard` is not installed."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError as error:
        raise MissingError(f"TensorBoard's library cannot be imported: {error}", hint="pip install tensorboard") from error
    stream = io.BytesIO()
    writer = RecordWriter(stream)
    writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
    for step, elapsed, values in scalars:
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
        writer.write(Event(wall_time=began + elapsed, step=step, summary=summary).SerializeToString())
    return stream.getvalue()


def _began(reference: Reference) -> float:
    """Return the start of a run in Unix seconds; 0 if unknown."""
    from gts.commands.job_progress import read_json_object

    try:
        return datetime.fromisoformat(str(read_json_object(reference.run.run_file).get("started", ""))).timestamp()
    except ValueError:
        return 0.0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


COMMAND = Command(
    name="export",
    summary="Export a policy, its motion, or the metrics of a run.",
    group="results",
    run=run_export,
    needs_torch=True,
    help="The suffix of the file selects the format. `.onnx`: the policy of a checkpoint, from the environment's observations "
    "to its actions, with normaliser and action range inside (needs the extra `[onnx]`). `.glb` (glTF), `.usda` (USD, needs "
    "the extra `[motion]`), `.bvh`, and `.csv` with `--seconds`: the motion of a checkpoint's figure; the CSV file has joint "
    "angles, positions and contacts with their units, one row per frame. `.csv`, `.json` and `.jsonl`: all metrics of a run, "
    "one row per member and round, or the learning curve of a checkpoint. A run can be exported while it trains. A folder: "
    "the TensorBoard files of a run, one sub-folder per member, for `tensorboard --logdir FOLDER` (needs the extra "
    "`[tensorboard]`).",
    arguments=(
        Argument("reference", "A checkpoint, or a run by folder, id or @last.", "reference"),
        Argument(
            "file",
            "The file to write: .onnx, .glb, .usda, .bvh, .csv, .json or .jsonl; or a folder, ending in /, for TensorBoard.",
            "file",
        ),
    ),
    options=(
        Option(
            ("--seconds",),
            f"Length of a motion, which ends earlier if the figure falls (default {DEFAULT_MOTION_SECONDS:g}).",
            "number",
        ),
        Option(
            ("-r", "--seed"),
            "Seed of the start; the same seed gives the same motion.",
            "integer",
            default=0,
            minimum=0,
        ),
    ),
    examples=(
        "gts export @last metrics.csv",
        "gts export @last board/",
        "gts export hopper/hopperPPO.checkpoint policy.onnx",
        "gts export hopper/hopperPPO.checkpoint hop.glb --seconds 5",
        "gts export hopper/hopperPPO.checkpoint hop.csv --seconds 5",
    ),
)
