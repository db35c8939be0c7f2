"""Views of `init`, `new`, `check`, `copy`, `rename`, `delete`, `restore`, `import`, `export` and `info`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.check import CheckResult
from gts.commands.export import ExportedMotion, ExportedPolicy, ExportedTable
from gts.commands.files import CopyResult, DeleteResult, RenameResult, RestoreResult, TrashResult
from gts.commands.import_legacy import ImportResult
from gts.commands.info import CheckpointInfo, MemberInfo, ParameterValue, RunInfo, SpaceInfo, SpecInfo, StudyInfo
from gts.commands.init import InitResult
from gts.commands.new import NewFileResult
from gts.commands.views.charts import render_learning_curve
from gts.commands.views.formatting import (
    format_bytes,
    format_duration,
    format_integer,
    format_number,
    format_time,
    format_value,
    make_grid,
    nowrap_line,
    pairs_table,
    plain_text,
    section_heading,
)
from gts.commands.views.jobs import format_process, render_best_trials
from gts.commands.views.scores import format_score
from gts.errors import Problem


def render_init(result: InitResult, detail: bool) -> RenderableType:
    """Render the files of a created workspace."""
    written, existing = len(result.made), len(result.kept)
    kept = f", left {existing} existing file{'' if existing == 1 else 's'} unchanged" if existing else ""
    rows: list[RenderableType] = [nowrap_line(f"wrote {written} file{'' if written == 1 else 's'} to {result.root}{kept}")]
    rows += [nowrap_line(f"  {name}", "dim") for name in result.made]
    specs = [name for name in (*result.made, *result.kept) if name.endswith(".spec")]
    if specs:
        first = next((name for name in specs if "invertedPPO" in name), specs[0])
        change_folder = "" if result.root == "." else f"cd {result.root} && "
        rows.append(nowrap_line(f"next: {change_folder}gts train {first}"))
    return Group(*rows)


def render_new(result: NewFileResult, detail: bool) -> RenderableType:
    """Render a new file."""
    next_step = f"gts train {result.path}" if result.kind == "spec" else f"gts check {result.path}"
    return Group(
        nowrap_line(f"wrote {result.path}: {result.kind}, {result.figure}, {result.technique}"),
        nowrap_line(f"next: {next_step}"),
    )


def render_check(result: CheckResult, detail: bool) -> RenderableType:
    """Render errors and warnings of files, one line each."""
    rows: list[Text] = []
    for file in result.files:
        rows += [nowrap_line(_error(file.path, problem)) for problem in file.errors]
        rows += [nowrap_line(_warning(file.path, problem.line, problem.column, problem.message)) for problem in file.warnings]
        if not file.errors:
            rows.append(nowrap_line(f"{file.path}: valid", "green"))
        elif file.hint and len(result.files) == 1:
            rows.append(nowrap_line(f"hint: {file.hint}"))
    return Group(*rows)


def _error(path: str, problem: Problem) -> str:
    """Format an error with its position; the message of an unreadable file names the file already."""
    return problem.message if not problem.line and path in problem.message else problem.format_at(path)


def _warning(path: str, row: int, column: int, message: str) -> str:
    place = f"{path}:{row}:{column}" if row else path
    return f"{place}: warning: {message}"


def render_copy(result: CopyResult, detail: bool) -> RenderableType:
    """Render a copied file."""
    return nowrap_line(f"copied {result.source} to {result.path}")


def render_rename(result: RenameResult, detail: bool) -> RenderableType:
    """Render a renamed file."""
    return nowrap_line(f"renamed {result.source} to {result.path}")


def render_delete(result: DeleteResult, detail: bool) -> RenderableType:
    """Render deleted items, and the command that restores them."""
    rows = [nowrap_line(f"deleted {item.path}") for item in result.things]
    return Group(*rows, nowrap_line(f"to restore {'it' if len(rows) == 1 else 'them'}: gts restore"))


def render_restore(result: RestoreResult, detail: bool) -> RenderableType:
    """Render restored items."""
    return Group(*(nowrap_line(f"restored {item.path}") for item in result.things))


def render_trash(result: TrashResult, detail: bool) -> RenderableType:
    """Render the contents of the trash."""
    if not result.things:
        return nowrap_line("the trash is empty")
    table = make_grid("deleted", "kind", "path", "name in the trash")
    for item in result.things:
        table.add_row(format_time(item.deleted), item.kind, plain_text(item.path), plain_text(item.name))
    return Group(table, nowrap_line(f"next: gts restore NAME; to delete all for good: rm -r {result.trash}", "dim"))


def render_import(result: ImportResult, detail: bool) -> RenderableType:
    """Render a converted checkpoint."""
    networks = ", ".join(f"{one['name']} {'–'.join(map(str, one['sizes']))}" for one in result.networks)
    return Group(
        nowrap_line(f"{result.path}: {result.figure}, {result.technique}, {networks}"),
        nowrap_line(f"next: gts score {result.path}"),
    )


def render_export(result: ExportedTable, detail: bool) -> RenderableType:
    """Render an exported table."""
    return nowrap_line(
        f"{result.path}: {format_integer(result.rows)} rows of {', '.join(result.columns[:6])}{_more(len(result.columns) - 6)}"
    )


def render_policy_export(result: ExportedPolicy, detail: bool) -> RenderableType:
    """Render an exported policy."""
    return nowrap_line(
        f"{result.path}: policy of {result.figure}, {result.observations} observations to {result.actions} actions"
    )


def render_motion_export(result: ExportedMotion, detail: bool) -> RenderableType:
    """Render an exported motion."""
    ends = ", until it falls" if result.fallen else ""
    frames = f"{format_integer(result.frames)} frames, {result.fps:.4g} per second"
    return nowrap_line(f"{result.path}: {result.seconds:.4g} s of {result.figure}{ends}, {frames}")


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


_CURVE_TITLE = "learning curve: mean return of the evaluations"


def render_spec_info(info: SpecInfo, detail: bool) -> RenderableType:
    """Render a spec: all parameters, those that differ from their defaults first."""
    rows: list[RenderableType] = [nowrap_line(f"{info.path}: {info.figure}, {info.technique}", "bold"), *_comment(info.comment)]
    rows += [plain_text(problem.format_at(info.path), style="yellow") for problem in info.warnings]
    return Group(*rows, *_values(info.values, detail))


def render_space_info(info: SpaceInfo, detail: bool) -> RenderableType:
    """Render a space: searched and fixed parameters."""
    rows: list[RenderableType] = [
        nowrap_line(f"{info.path}: {info.name}, {info.figure}, {info.technique}", "bold"),
        *_comment(info.comment),
        section_heading("searched"),
        pairs_table((key, _domain(domain)) for key, domain in info.axes.items()),
        section_heading("fixed"),
        pairs_table((key, format_value(value)) for key, value in info.fixed.items()),
    ]
    return Group(*rows, *(plain_text(problem.format_at(info.path), style="yellow") for problem in info.warnings))


def render_checkpoint_info(info: CheckpointInfo, detail: bool) -> RenderableType:
    """Render a checkpoint: networks, score, curve, parameters, history, versions."""
    rows: list[RenderableType] = [nowrap_line(f"{info.path}: {info.figure}, {info.technique}", "bold"), *_comment(info.comment)]
    rows.append(plain_text(format_score(info.score)) if info.score else nowrap_line("no score yet"))
    rows += [section_heading("networks"), _networks(info.networks)]
    curve = render_learning_curve(info.history)
    if curve is not None:
        rows += [section_heading(_CURVE_TITLE), curve]
    rows += _values(info.values, detail)
    trained = [f"{format_integer(info.counters['step'])} steps" if "step" in info.counters else ""]
    trained += [f"{format_integer(info.counters['epoch'])} epochs" if "epoch" in info.counters else ""]
    history = [*(_parent(parent) for parent in info.parents), ", ".join(filter(None, trained)) or "no steps of its own"]
    rows += [section_heading("history"), pairs_table([("trained", " → ".join(history))])]
    versions = ", ".join(f"{name} {version}" for name, version in info.versions.items())
    rows.append(pairs_table([("made with", versions), ("file", f"{format_bytes(info.size)}, checksum {info.checksum[:12]}")]))
    return Group(*rows)


def render_run_info(info: RunInfo, detail: bool) -> RenderableType:
    """Render a run: state, learning curves and newest metrics."""
    facts = info.facts
    total = facts.get("total_steps", 0)
    job = info.job
    state = job.state if job else "unknown"
    rows: list[RenderableType] = [nowrap_line(str(info.path), "bold")]
    rows.append(
        pairs_table(
            [
                ("source", f"{facts.get('source', '')}: {facts.get('figure', '')}, {facts.get('technique', '')}"),
                (
                    "state",
                    f"{state}, {format_integer(info.step)} of {format_integer(total)} steps in {format_duration(info.seconds)}",
                ),
                ("reason", job.reason if job else ""),
                ("process", format_process(job) if job else ""),
                ("attempts", f"{info.attempts} at this step" if info.attempts > 1 else ""),
                ("started", format_time(str(facts.get("started", "")))),
                ("ended", format_time(job.since) if job and not job.alive else ""),
                ("results", ", ".join(one["result"] for one in facts.get("outcome", []) if one.get("result"))),
            ]
        )
    )
    for member in info.members:
        rows += _member(info, member, detail)
    if info.checkpoints:
        rows += [section_heading("checkpoints"), *(nowrap_line(f"  {name}") for name in info.checkpoints)]
    if info.remains:
        rows += [section_heading("dumps of failed members"), *(nowrap_line(f"  {name}") for name in info.remains)]
    return Group(*rows, *(plain_text(note, style="yellow") for note in info.notes))


def render_study_info(info: StudyInfo, detail: bool) -> RenderableType:
    """Render a study: searched parameters, state, best trials."""
    job, found = info.job, info.found
    trials = ", ".join(f"{count} {state}" for state, count in found.counts.items()) if found else ""
    what = [
        ("searches", f"{info.figure}, {info.technique}: {', '.join(info.axes)}" if info.figure else ""),
        ("trials", f"{trials or 'none'}, {found.wanted} wanted" if found else ""),
        ("state", f"{job.state}{f': {job.reason}' if job.reason else ''}" if job else ""),
        ("process", format_process(job) if job else ""),
        ("storage", found.storage if found else ""),
    ]
    best = [section_heading("best"), *render_best_trials(found)] if found and found.best else []
    rows: list[RenderableType] = [nowrap_line(info.path, "bold"), pairs_table(what), *best]
    return Group(*rows, *(plain_text(note, style="yellow") for note in info.notes))


def _member(info: RunInfo, member: MemberInfo, detail: bool) -> list[RenderableType]:
    rows: list[RenderableType] = [section_heading(f"member {member.member + 1}")] if len(info.members) > 1 else []
    outcomes = info.facts.get("outcome", [])
    if member.member < len(outcomes) and outcomes[member.member].get("score"):
        rows.append(plain_text(format_score(outcomes[member.member]["score"])))
    if member.failed:
        rows.append(plain_text(f"failed at {member.failed}", style="red"))
    # A single curve is readable; of several members the numbers say more.
    curve = render_learning_curve(member.history) if len(info.members) == 1 or detail else None
    if curve is not None:
        rows += [section_heading(_CURVE_TITLE), curve]
    if member.latest:
        rows.append(plain_text(", ".join(f"{name} {format_number(value)}" for name, value in member.latest.items())))
    return rows


def _networks(networks: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = make_grid("network", "sizes", "activation", "deviation", ">parameters")
    for one in networks:
        sizes = "–".join(map(str, one["sizes"]))
        table.add_row(one["name"], sizes, one["activation"], one["deviation"] or "", format_integer(one["parameters"]))
    return table


def _values(values: Sequence[ParameterValue], detail: bool) -> list[RenderableType]:
    """Render the parameters that differ from their defaults, then the others; with meanings if `detail`."""
    changed = [value for value in values if value.changed]
    others = [value for value in values if not value.changed]
    rows: list[RenderableType] = []
    if changed:
        table = make_grid("parameter", "value", "default", "meaning" if detail else "unit")
        for value in changed:
            last = value.meaning if detail else value.unit
            table.add_row(
                plain_text(value.key), plain_text(format_value(value.value), style="bold"), format_value(value.default), last
            )
        rows += [section_heading("changed parameters"), table]
    if others and detail:
        table = make_grid("parameter", "value", "meaning")
        for value in others:
            table.add_row(plain_text(value.key), format_value(value.value), value.meaning)
        rows += [section_heading("default parameters"), table]
    elif others:
        listed = [plain_text(f"{value.key} {format_value(value.value)}", style="dim") for value in others]
        rows += [section_heading("default parameters"), Columns(listed, padding=(0, 3), column_first=True)]
    return rows


def _comment(comment: str) -> list[RenderableType]:
    return [plain_text(comment, style="italic")] if comment else []


def _domain(domain: Any) -> str:
    if isinstance(domain, Mapping):
        return ", ".join(f"{key} {format_value(value)}" for key, value in domain.items())
    return ", ".join(map(format_value, domain)) if isinstance(domain, (list, tuple)) else format_value(domain)


def _parent(parent: Mapping[str, Any]) -> str:
    steps = f" ({format_integer(parent['step'])} steps)" if parent.get("step") else ""
    return f"{parent.get('name', 'unnamed')}{steps}"
