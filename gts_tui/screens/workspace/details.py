"""Details of the selected item: rendered as lines of text, and the pane that shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.renderables.sparkline import Sparkline

from gts.commands.info import CheckpointInfo, ParameterValue, SpaceInfo, SpecInfo
from gts.commands.views.formatting import (
    format_bytes,
    format_clock,
    format_duration,
    format_integer,
    format_number,
    format_short,
    format_time,
    format_value,
    plain_text,
)
from gts.errors import FormatError, GtsError
from gts.store.workspace import Workspace
from gts_tui.polling import Poller
from gts_tui.screens.workspace.details_data import JobDetails, RunDetails, StudyDetails, details_stamp, read_details
from gts_tui.screens.workspace.model import WorkspaceItem
from gts_tui.screens.workspace.tree import item_key
from gts_tui.textual_fixes import CachedStatic
from gts_tui.widgets.status import StatusStyles, render_progress_bar

if TYPE_CHECKING:
    from gts_tui.screens.workspace.details_data import ItemDetails


_POLL_KEY = "workspace.page"
_CURVE_ROWS = 5
_MAX_SECONDS_LEFT = 1e7
"""Longer estimates are not shown."""
_MAX_VALUE_WIDTH = 24
_PROGRESS_CELLS = 20
_PRIMARY_METRICS = ("return", "length", "speed", "falls", "entropy", "kl", "explained_variance", "steps_per_second")
"""Metrics listed first."""


def render_details(item: WorkspaceItem, details: ItemDetails | GtsError, styles: StatusStyles, width: int) -> Text:
    """Render the details, or the error, of an item. Curves and bars fit into `width` columns; text is not wrapped."""
    head = plain_text(item.reference, "bold")
    if isinstance(details, GtsError):
        lines = [head, *_render_error(details, item, styles)]
    elif isinstance(details, SpecInfo):
        lines = [head, *_render_spec(details, styles)]
    elif isinstance(details, SpaceInfo):
        lines = [head, *_render_space(details, styles)]
    elif isinstance(details, CheckpointInfo):
        lines = [head, *_render_checkpoint(details, styles, width)]
    elif isinstance(details, RunDetails):
        lines = [head, *_render_run(details, styles, width)]
    else:
        lines = [head, *_render_study(details, styles)]
    return styles.adapt_text(Text("\n").join(lines))


def _render_error(error: GtsError, item: WorkspaceItem, styles: StatusStyles) -> list[Text]:
    bad = styles.meaning_styles.get("bad", Style())
    lines = [Text.assemble((f"{styles.symbol('failed')} ", bad), "cannot be used")]
    if isinstance(error, FormatError):
        lines += [plain_text(problem.format_at(item.reference.rpartition("/")[2])) for problem in error.problems]
    else:
        lines.append(plain_text(error.message))
    return lines + ([plain_text(f"hint: {error.hint}", "dim")] if error.hint else [])


def _render_spec(info: SpecInfo, styles: StatusStyles) -> list[Text]:
    return [
        _render_kind("spec", info.figure, info.technique),
        *_render_comment(info.comment),
        *(plain_text(f"{styles.symbol('interrupted')} {problem.message}") for problem in info.warnings),
        *_render_changed_values(info.values),
    ]


def _render_space(info: SpaceInfo, styles: StatusStyles) -> list[Text]:
    return [
        _render_kind("space", info.figure, info.technique),
        plain_text(f"creates the study {info.name}"),
        *_render_comment(info.comment),
        *(plain_text(f"{styles.symbol('interrupted')} {problem.message}") for problem in info.warnings),
        _render_heading("searched"),
        *_render_pairs((key, _format_domain(domain)) for key, domain in info.axes.items()),
        _render_heading("fixed"),
        *_render_pairs((key, format_value(value)) for key, value in info.fixed.items()),
    ]


def _render_checkpoint(info: CheckpointInfo, styles: StatusStyles, width: int) -> list[Text]:
    lines = [_render_kind("checkpoint", info.figure, info.technique)]
    score = info.score
    if score:
        lines += _render_pairs([("score", f"{format_number(score.get('score'))} over {score.get('episodes', '?')} episodes")])
        lines += _render_pairs([("mean", f"{format_number(score.get('mean'))} ± {format_number(score.get('deviation'))}")])
    else:
        lines.append(Text("no score yet; run gts score", "dim"))
    lines += _render_comment(info.comment)
    lines += _render_curve("mean return", [row.get("mean") for row in info.history], styles, width)
    lines.append(_render_heading("networks"))
    networks = ((str(one["name"]), f"{'-'.join(map(str, one['sizes']))} {one['activation']}") for one in info.networks)
    lines += _render_pairs(networks)
    lines += _render_changed_values(info.values)
    trained = f"{format_integer(info.counters['step'])} steps" if "step" in info.counters else ""
    before = ", ".join(str(parent.get("name", "unnamed")) for parent in info.parents)
    lines.append(_render_heading("file"))
    lines += _render_pairs(
        [("trained", trained), ("from", before), ("size", format_bytes(info.size)), ("checksum", info.checksum[:12])]
    )
    return lines


def _render_run(details: RunDetails, styles: StatusStyles, width: int) -> list[Text]:
    job = details.job
    lines = [
        _render_kind("run", job.figure, job.technique, f"of {details.members}" if details.members > 1 else ""),
        _render_state(job, styles),
    ]
    if details.total_steps:
        progress = min(1.0, details.step / details.total_steps)
        bar = render_progress_bar(progress, _PROGRESS_CELLS, styles.glyphs, styles.state_style(job.state))
        lines.append(bar.append(f" {progress:.0%}"))
    rate = details.steps_per_second if job.alive else None
    seconds_left = (details.total_steps - details.step) * details.members / rate if rate else math.inf
    time_left = f", {format_clock(seconds_left)} left" if seconds_left < _MAX_SECONDS_LEFT else ""
    lines += _render_pairs(
        [
            ("source", details.source),
            ("steps", f"{format_integer(details.step)} of {format_integer(details.total_steps)}"),
            ("time", f"{format_duration(details.seconds)}{time_left}"),
            ("rate", f"{format_short(rate)} steps/s" if rate else ""),
            ("best", format_number(details.best) if details.best is not None else ""),
            ("results", ", ".join(details.results)),
        ]
    )
    lines += _render_curve("return", details.returns, styles, width)
    lines += _render_curve("evaluations", [mean for _, mean in details.evaluations], styles, width)
    if details.latest:
        lines.append(_render_heading("latest metrics"))
        others = sorted(name for name in details.latest if name not in _PRIMARY_METRICS)
        lines += _render_pairs(
            (name, format_number(details.latest[name])) for name in (*_PRIMARY_METRICS, *others) if name in details.latest
        )
    bad = styles.meaning_styles.get("bad", Style())
    lines += [Text.assemble((f"{styles.symbol('failed')} ", bad), plain_text(text)) for text in details.failures]
    return lines + [plain_text(note, "dim") for note in details.notes]


def _render_study(details: StudyDetails, styles: StatusStyles) -> list[Text]:
    lines = [_render_kind("study", details.job.figure, details.job.technique), _render_state(details.job, styles)]
    if details.n_finished is not None:
        trials = f"{details.n_finished} of {details.n_trials} finished"
        best = format_number(details.best) if details.best is not None else "no complete trial"
        lines += _render_pairs(
            [("trials", trials), ("best", best), ("steps", format_short(details.steps) if details.steps else "")]
        )
    lines += (
        [_render_heading("searched"), *_render_pairs((key, _format_domain(domain)) for key, domain in details.search_space)]
        if details.search_space
        else []
    )
    return lines + [plain_text(note, "dim") for note in details.notes]


def _render_state(job: JobDetails, styles: StatusStyles) -> Text:
    since = f" since {format_time(job.since)}" if job.since else ""
    why = f": {job.reason}" if job.reason and job.reason != "stopped" else ""
    return Text.assemble(
        (f"{styles.symbol(job.state)} {job.state or 'unknown'}", styles.state_style(job.state)), plain_text(f"{since}{why}")
    )


def _render_kind(kind: str, figure: str, technique: str, more: str = "") -> Text:
    return plain_text(", ".join(filter(None, [f"{kind} {more}".strip(), figure, technique])), "dim")


def _render_comment(comment: str) -> list[Text]:
    return [plain_text(comment, "italic")] if comment else []


def _render_changed_values(values: Sequence[ParameterValue]) -> list[Text]:
    changed = [value for value in values if value.changed]
    if not changed:
        return [Text(), Text("all parameters at their defaults", "dim")]
    long = max(len(value.key) for value in changed)
    value_width = min(_MAX_VALUE_WIDTH, max(len("value"), *(len(format_value(value.value)) for value in changed)))
    lines = [
        _render_heading("changed parameters"),
        Text(f"{'':{long}}  {'value':{value_width}}  default", "dim"),
    ]
    for value in changed:
        given = (f"{format_value(value.value):{value_width}}", "bold")
        lines.append(Text.assemble((f"{value.key:{long}}  ", "dim"), given, (f"  {format_value(value.default)}", "dim")))
    return lines


def _render_curve(title: str, values: Sequence[Any], styles: StatusStyles, width: int) -> list[Text]:
    known = [float(value) for value in values if isinstance(value, (int, float)) and abs(value) < 1e300]
    if len(known) < 2:
        return []
    values_range = f"  {format_short(known[0])} → {format_short(known[-1])}, max {format_short(max(known))}"
    rows = [Text(row, styles.state_style("running")) for row in _sparkline_rows(known, max(10, width))]
    return [_render_heading(title).append(values_range, "not bold dim"), *rows]


def _sparkline_rows(values: Sequence[float], width: int) -> list[str]:
    sparkline = Sparkline(values, width=width, height=_CURVE_ROWS, summary_function=fmean)
    return "".join(segment.text for segment in Console(width=width).render(sparkline)).splitlines()


def _render_heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _render_pairs(rows: Iterable[tuple[str, str]]) -> list[Text]:
    """Render names and values, one line per pair; pairs with an empty value are left out."""
    shown = [(name, value) for name, value in rows if value]
    long = min(28, max((len(name) for name, _ in shown), default=0))
    return [Text.assemble((f"{plain_text(name).plain:{long}}  ", "dim"), plain_text(value)) for name, value in shown]


def _format_domain(domain: Any) -> str:
    if isinstance(domain, Mapping):
        low, high, rest = domain.get("min"), domain.get("max"), {k: v for k, v in domain.items() if k not in ("min", "max")}
        more = "".join(f", {key}" if value is True else f", {key} {format_value(value)}" for key, value in rest.items())
        return f"{format_value(low)} to {format_value(high)}{more}"
    return ", ".join(map(format_value, domain)) if isinstance(domain, (list, tuple)) else format_value(domain)


class DetailsPane(VerticalScroll):
    """Follows one item and shows its details."""

    DEFAULT_CSS = """
    DetailsPane { border-left: solid $panel; padding: 0 1; background: $surface; scrollbar-size-vertical: 1; }
    DetailsPane:focus { border-left: solid $primary; }
    DetailsPane.-ascii { border-left: ascii $panel; }
    DetailsPane.-ascii:focus { border-left: ascii $primary; }
    """

    def __init__(self, status_styles: StatusStyles) -> None:
        super().__init__(classes="-ascii" if status_styles.is_ascii else "")
        self._status_styles = status_styles
        self._item: WorkspaceItem | None = None
        self._shown_details: tuple[WorkspaceItem, ItemDetails | GtsError] | None = None

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield CachedStatic()

    def show_item(self, item: WorkspaceItem | None, workspace: Workspace, poller: Poller) -> None:
        """Show an item and follow it; None shows nothing."""
        before, self._item = self._item, item
        if item is None:
            poller.unwatch(_POLL_KEY)
            self._shown_details = None
            self._update_text()
        elif before is None or item_key(before) != item_key(item):
            poller.watch(
                _POLL_KEY,
                lambda: details_stamp(workspace, item),
                lambda: read_details(workspace, item),
                lambda details: self._apply_details(item, details),
            )

    def stop_polling(self, poller: Poller) -> None:
        """Follow nothing."""
        poller.unwatch(_POLL_KEY)
        self._item = None

    def set_status_styles(self, status_styles: StatusStyles) -> None:
        """Redraw with other styles."""
        self._status_styles = status_styles
        self._update_text()

    def _apply_details(self, item: WorkspaceItem, details: ItemDetails | GtsError) -> None:
        is_new_item = self._shown_details is None or item_key(self._shown_details[0]) != item_key(item)
        self._shown_details = (item, details)
        self._update_text()
        if is_new_item:
            self.scroll_home(animate=False)

    def _update_text(self) -> None:
        text = Text()
        if self._shown_details is not None:
            text = render_details(*self._shown_details, self._status_styles, max(10, self.size.width - 3))
        self.query_one(CachedStatic).show_text(text)

    def on_resize(self) -> None:
        """Redraw curves at the new width."""
        self._update_text()
