"""The page about one thing, as lines of text.

The pane beside the tree: a page about the thing under the cursor, read anew whenever it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

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
from gts_tui.widgets.chart_canvas import render_sparkline
from gts_tui.widgets.status import StatusStyles

if TYPE_CHECKING:
    from gts_tui.screens.workspace.details_data import ItemDetails


_CURVE_ROWS = 5
_PROGRESS_CELLS = 20
_PRIMARY_METRICS = ("return", "length", "speed", "falls", "entropy", "kl", "explained_variance", "steps_per_second")
"""The numbers that one looks at first."""


def render_details(item: WorkspaceItem, details: ItemDetails | GtsError, styles: StatusStyles, width: int) -> Text:
    """What there is to say of a thing in lines of at most `width` columns, where words are short enough."""
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
    lines = [Text.assemble((f"{styles.symbol('failed')} ", bad), "cannot be used as it is")]
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
        plain_text(f"makes the study {info.name}"),
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
        lines.append(Text("no score yet: gts score takes one", "dim"))
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
        share = min(1.0, details.step / details.total_steps)
        filled = round(share * _PROGRESS_CELLS)
        bar = styles.glyphs.bar * filled, styles.glyphs.horizontal * (_PROGRESS_CELLS - filled)
        lines.append(Text.assemble((bar[0], styles.state_style(job.state)), (bar[1], "dim"), f" {share:.0%}"))
    left = (details.total_steps - details.step) * details.members / details.rate if details.rate and job.alive else None
    lines += _render_pairs(
        [
            ("trains", details.source),
            ("steps", f"{format_integer(details.step)} of {format_integer(details.total_steps)}"),
            (
                "time",
                format_duration(details.seconds) + (f", {format_clock(left)} left" if left is not None and left < 1e7 else ""),
            ),
            ("rate", f"{format_short(details.rate)} steps/s" if details.rate and job.alive else ""),
            ("best", format_number(details.best) if details.best is not None else ""),
            ("results", ", ".join(details.results)),
        ]
    )
    lines += _render_curve("return", details.returns, styles, width)
    lines += _render_curve("evaluations", [mean for _, mean in details.evaluations], styles, width)
    if details.latest:
        lines.append(_render_heading("newest numbers"))
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
        trials = f"{details.n_finished} of {details.n_trials} ended"
        best = format_number(details.best) if details.best is not None else "none is complete"
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
        return [Text(), Text("all as by default", "dim")]
    long = max(len(value.key) for value in changed)
    lines = [_render_heading("differs from the defaults")]
    for value in changed:
        given = (format_value(value.value), "bold")
        lines.append(Text.assemble((f"{value.key:{long}}  ", "dim"), given, (f"  not {format_value(value.default)}", "dim")))
    return lines


def _render_curve(title: str, values: Sequence[Any], styles: StatusStyles, width: int) -> list[Text]:
    known = [float(value) for value in values if isinstance(value, (int, float)) and abs(value) < 1e300]
    if len(known) < 2:
        return []
    drawn = render_sparkline(known, max(10, width), _CURVE_ROWS, styles.glyphs)
    span = f"  {format_short(known[0])} → {format_short(known[-1])}, highest {format_short(max(known))}"
    return [_render_heading(title).append(span, "not bold dim"), *(Text(row, styles.state_style("running")) for row in drawn)]


def _render_heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _render_pairs(rows: Iterable[tuple[str, str]]) -> list[Text]:
    """Names and what they are, a line each; what is empty is left out."""
    shown = [(name, value) for name, value in rows if value]
    long = min(28, max((len(name) for name, _ in shown), default=0))
    return [Text.assemble((f"{plain_text(name).plain:{long}}  ", "dim"), plain_text(value)) for name, value in shown]


def _format_domain(domain: Any) -> str:
    if isinstance(domain, Mapping):
        low, high, rest = domain.get("min"), domain.get("max"), {k: v for k, v in domain.items() if k not in ("min", "max")}
        more = "".join(f", {key}" if value is True else f", {key} {format_value(value)}" for key, value in rest.items())
        return f"{format_value(low)} to {format_value(high)}{more}"
    return ", ".join(map(format_value, domain)) if isinstance(domain, (list, tuple)) else format_value(domain)


_POLL_KEY = "workspace.page"


class DetailsPane(VerticalScroll):
    """Shows a page."""

    DEFAULT_CSS = """
    DetailsPane { border-left: solid $panel; padding: 0 1; background: $surface; scrollbar-size-vertical: 1; }
    DetailsPane:focus { border-left: solid $primary; }
    DetailsPane.-ascii { border-left: ascii $panel; }
    DetailsPane.-ascii:focus { border-left: ascii $primary; }
    """

    def __init__(self, status_styles: StatusStyles) -> None:
        super().__init__(classes="-ascii" if status_styles.is_ascii else "")
        self.status_styles = status_styles
        self._item: WorkspaceItem | None = None
        self._shown_details: tuple[WorkspaceItem, ItemDetails | GtsError] | None = None
        self._drawn_text: Text | None = None

    def compose(self) -> ComposeResult:
        """A text."""
        yield Static()

    def show_item(self, item: WorkspaceItem | None, workspace: Workspace, poller: Poller) -> None:
        """Show a thing, and follow it."""
        before, self._item = self._item, item
        if item is None:
            poller.unwatch(_POLL_KEY)
            self._shown_details = None
            self.update_text()
        elif before is None or item_key(before) != item_key(item):

            def tell(seen: ItemDetails | GtsError) -> None:
                fresh = self._shown_details is None or item_key(self._shown_details[0]) != item_key(item)
                self._shown_details = (item, seen)
                self.update_text()
                if fresh:
                    self.scroll_home(animate=False)

            poller.watch(_POLL_KEY, lambda: details_stamp(workspace, item), lambda: read_details(workspace, item), tell)

    def stop_polling(self, poller: Poller) -> None:
        """Follow nothing."""
        poller.unwatch(_POLL_KEY)
        self._item = None

    def update_text(self) -> None:
        """Show the page, where it says something else than before."""
        text = self._details_text()
        if text != self._drawn_text or (self._drawn_text is not None and text.spans != self._drawn_text.spans):
            self._drawn_text = text
            self.query_one(Static).update(text)

    def _details_text(self) -> Text:
        if self._shown_details is None:
            return Text()
        # What it leans on is loaded when there is something to say, which is after the first picture.

        return render_details(*self._shown_details, self.status_styles, max(10, self.size.width - 3))

    def on_resize(self) -> None:
        """Curves have another width."""
        self.update_text()
