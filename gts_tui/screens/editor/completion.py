"""The list of what can be written at the cursor."""

from __future__ import annotations

from rich.text import Text
from textual.widgets.option_list import Option

from gts_tui.editing.proposing import Proposal, keys_at, values_at
from gts_tui.screens.editor.json_syntax import Place, values_in
from gts_tui.screens.editor.parameter_docs import subject_of
from gts_tui.screens.editor.text_area import SpecText
from gts_tui.textual_fixes import SteadyList

ROWS = 8
COLUMNS = 64


class Offers(SteadyList, can_focus=False):
    """Opens below the cursor while the text keeps the focus."""

    DEFAULT_CSS = f"""
    Offers {{
        position: absolute; overlay: screen; constrain: inside inside; display: none;
        width: {COLUMNS}; height: auto; max-height: {ROWS}; border: none; padding: 0;
        background: $panel; text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }}
    """

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.proposals: list[Proposal] = []
        self._kind = "spec"

    # -- the list -----------------------------------------------------------------------------------------------------

    def begin(self, area: SpecText, kind: str) -> None:
        """Open at the cursor of a text; where one thing only fits what is typed, write it."""
        self._kind = kind
        place = area.place
        proposals = [] if area.read_only else proposals_at(area.text, kind, place)
        if len(proposals) == 1 and place.typed:
            self._write(proposals[0], area)
            return
        if not proposals and not area.read_only:
            self.notify("nothing is known that could be written here", timeout=2)
        self._show(proposals, area)

    def go_on(self, area: SpecText) -> None:
        """Something was typed while the list is open."""
        place = area.place
        empty = place.role == "between" or (place.role == "value" and place.start == place.end)
        self._show([] if empty else proposals_at(area.text, self._kind, place), area)

    def press(self, key: str, area: SpecText) -> None:
        """A key of the open list."""
        if key in ("enter", "tab"):
            at = self.highlighted
            proposal = self.proposals[at] if at is not None and at < len(self.proposals) else None
            self.end(area)
            if proposal is not None:
                self._write(proposal, area)
        elif key == "escape":
            self.end(area)
        else:
            move = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}[key]
            getattr(self, f"action_{move}")()

    def end(self, area: SpecText) -> None:
        """Close."""
        self.display = False
        area.proposing = False

    def _write(self, proposal: Proposal, area: SpecText) -> None:
        text, cursor = accepted(area.text, area.place, proposal)
        area.become(text, cursor=cursor)

    def _show(self, proposals: list[Proposal], area: SpecText) -> None:
        """Show these below (or above) the cursor; nothing where there are none."""
        self.display = area.proposing = bool(proposals)
        if proposals != self.proposals:
            self.proposals = proposals
            self.clear_options()
            widest = min(max((len(proposal.word) for proposal in proposals), default=0), 34)
            self.add_options([Option(_line(proposal, widest)) for proposal in proposals])
        if not proposals or self.parent is None:
            return
        self.highlighted = 0
        room = self.parent.region  # type: ignore[attr-defined]
        cursor = area.cursor_screen_offset - room.offset
        rows = min(len(proposals), ROWS)
        below, above = cursor.y + 1, cursor.y - rows
        self.styles.offset = (cursor.x, below if below + rows <= room.height or above < 0 else above)


def _line(proposal: Proposal, width: int) -> Text:
    return Text.assemble((f"{proposal.word:<{width}}  ", "bold"), (proposal.note, "dim"))


def proposals_at(text: str, kind: str, place: Place) -> list[Proposal]:
    """What can be written at a place, what begins with what is typed first."""
    values = values_in(text)
    subject = subject_of(kind, values)
    if place.role == "key":
        # What stands behind the end of the document is no part of it, and has no path.
        written = place.start != place.end and bool(place.path)
        parent, own = (place.path[:-1], place.path[-1]) if written else (place.path, None)
        present = {str(path[-1]) for path in values if path and path[:-1] == parent and path[-1] != own}
        found = list(keys_at(subject, parent, present))
    elif place.role == "value":
        found = list(values_at(subject, place.path))
    else:
        return []
    typed = place.typed.lower()
    whole = text[place.start : place.end].strip('"').lower()
    if place.role == "value" and any(proposal.word.lower() == whole for proposal in found):
        # What stands there is one of them: all the others are what one wants to see.
        return found
    fitting = [proposal for proposal in found if typed in proposal.word.lower()]
    return sorted(fitting, key=lambda proposal: not proposal.word.lower().startswith(typed))


def accepted(text: str, place: Place, proposal: Proposal) -> tuple[str, int]:
    """The text with a proposal written at a place, and where the cursor is then."""
    before, after = text[: place.start], text[place.end :]
    rest = after.lstrip()
    if proposal.key:
        written = proposal.key if rest.startswith(":") else f"{proposal.key}: {proposal.value}"
        if not rest.startswith(":") and rest.startswith('"'):
            written += ","
        if place.comma_at is not None:
            before = f"{before[: place.comma_at]},{before[place.comma_at :]}"
    else:
        written = proposal.value
    cursor = len(before) + len(written.rstrip(","))
    if proposal.key and proposal.value in ("{}", "[]", '""') and written != proposal.key:
        cursor -= 1
    return before + written + after, cursor
