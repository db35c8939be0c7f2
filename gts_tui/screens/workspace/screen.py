"""The mode `workspace`: what there is, a page about the thing under the cursor, and what can be done with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from gts_tui.command_syntax import joined
from gts_tui.screens.external_editor import edit_outside_editing as edit_outside
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import copy_name, line_for_new
from gts_tui.screens.workspace.browser import Shelf
from gts_tui.screens.workspace.model import Thing
from gts_tui.widgets.dialogs import Ask, Confirm
from gts_tui.workspace_setup import open_examples


class WorkspaceMode(Mode):
    """Files, runs and studies; everything that is done with them is a command line."""

    NAME = "workspace"
    TITLE = "Workspace"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new", id="workspace.new"),
        Binding("e", "edit", "edit", id="workspace.edit"),
        Binding("E", "edit_outside", "edit in $EDITOR", show=False, id="workspace.edit_outside"),
        Binding("c", "copy", "copy", show=False, id="workspace.copy"),
        Binding("r", "rename", "rename", show=False, id="workspace.rename"),
        Binding("d", "delete", "delete", id="workspace.delete"),
        Binding("u", "perform('restore')", "bring back what was deleted", show=False, id="workspace.undo"),
        Binding("i", "import", "import a checkpoint of the original program", show=False, id="workspace.import"),
        Binding("t", "train", "train", id="workspace.train"),
        Binding("T", "each('train', 'spec checkpoint')", "train at once", show=False, id="workspace.train_now"),
        Binding("S", "each('search', 'space')", "search a space", show=False, id="workspace.search"),
        Binding("s", "job('stop')", "stop", show=False, id="workspace.stop"),
        Binding("R", "job('resume')", "resume", show=False, id="workspace.resume"),
        Binding("p", "play('play')", "play", id="workspace.play"),
        Binding("w", "play('play --in window')", "play in a window", show=False, id="workspace.window"),
        Binding("y", "yank", "copy the name to the clipboard", show=False, id="workspace.yank"),
    ]

    def compose(self) -> ComposeResult:
        """The shelf."""
        yield Shelf()

    @property
    def shelf(self) -> Shelf:
        """What is shown."""
        return self.query_one(Shelf)

    def enter(self) -> None:
        """Follow the workspace."""
        self.shelf.enter()

    def leave(self) -> None:
        """Follow nothing."""
        self.shelf.leave()

    def focus_first(self) -> None:
        """To the tree, or to what there is to begin with."""
        self.shelf.focus_first()

    def selection(self) -> tuple[str, ...]:
        """What is marked, else what the cursor is on."""
        return tuple(thing.word for thing in self.shelf.chosen())

    def open(self, word: str) -> None:
        """Put the cursor on it."""
        self.shelf.go_to(word)

    def on_shelf_wanted(self, event: Shelf.Wanted) -> None:
        """Open a thing where it is shown best."""
        self.action_perform(joined(["open", event.thing.word]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Begin with something, where there is nothing."""
        event.stop()
        if event.option_id == "init":
            self.action_perform("init")
        elif event.option_id == "examples":
            open_examples(self.program)
        elif event.option_id == "import":
            self.action_import()
        else:
            self.action_new(event.option_id or "")

    def action_yank(self) -> None:
        """Copy names to the clipboard of the terminal."""
        chosen = self.selection()
        if chosen:
            self.program.copy(joined(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} names")

    def action_perform(self, line: str) -> None:
        """Do a command line."""
        self.program.perform(line)

    def action_each(self, command: str, kinds: str) -> None:
        """Do a command for each of what is chosen, as far as it is of these kinds."""
        words = [thing.word for thing in self._of(kinds, f"{command} takes a {kinds.replace(' ', ' or a ')}")]
        if words:
            self.action_perform("; ".join(joined([command, word]) for word in words))

    def action_job(self, command: str) -> None:
        """Stop jobs that are at work, or let those go on that stand still."""
        things = self._of("run study", f"{command} takes a run or a study")
        fitting = [thing.word for thing in things if thing.alive == (command == "stop") and thing.state != "done"]
        if fitting:
            self.action_perform(joined([command, *fitting]))
        elif things:
            self._refuse("it is not at work" if command == "stop" else f"it is {things[0].state}; there is nothing to resume")

    def action_play(self, command: str) -> None:
        """Play checkpoints and runs."""
        things = self._of("checkpoint run", "a checkpoint or a run can be played; t trains a spec")
        if things:
            self.action_perform(f"{command} {joined([things[0].word])}")

    def action_train(self) -> None:
        """Begin a command line that trains, so that parameters can be added."""
        things = self._of("spec checkpoint", "t trains a spec, or goes on from a checkpoint; S searches a space")
        if things:
            self.program.action_line(f"train {joined([things[0].word])} ")

    def action_edit(self) -> None:
        """Open a file in the editor."""
        things = self._of("spec space", "a spec or a space can be edited")
        if things:
            self.action_perform(joined(["edit", things[0].word]))

    def action_edit_outside(self) -> None:
        """Open a file in the person's own editor."""
        things = self._of("spec space", "a spec or a space can be edited")
        if things:
            edit_outside(self.program, things[0].word)

    def action_new(self, kind: str = "") -> None:
        """Make a spec or a space."""

        async def make() -> None:
            made = await line_for_new(self.program, self.shelf.contents, kind, self.shelf.figure)
            if made is not None:
                self.shelf.go_to(made[1])
                self.action_perform(made[0])

        self.run_worker(make(), exit_on_error=False, exclusive=True, group="new")

    def action_copy(self) -> None:
        """Copy a file."""
        things = self._of("spec space checkpoint", "a file can be copied; runs and studies cannot")
        if things:
            self._ask_name("copy", things[0], copy_name(self.program.workspace.root, things[0]))

    def action_rename(self) -> None:
        """Rename a file."""
        things = self._of("spec space checkpoint", "a file can be renamed; runs and studies keep their names")
        if things:
            self._ask_name("rename", things[0], things[0].word)

    def _ask_name(self, command: str, thing: Thing, proposed: str) -> None:
        def answered(name: str | None) -> None:
            if name and name != thing.word:
                self.shelf.go_to(name if name.endswith(f".{thing.kind}") else f"{name}.{thing.kind}")
                self.action_perform(joined([command, thing.word, name if "/" in name else f"./{name}"]))

        self.app.push_screen(Ask(f"{command} {thing.word} to", proposed), answered)

    def action_delete(self) -> None:
        """Put what is chosen into the trash; asks where that is more than one thing."""
        words = self.selection()
        if not words:
            return
        line = joined(["delete", *words])
        if len(words) == 1:
            self.action_perform(line)
            return
        shown = "\n".join(words[:8]) + (f"\nand {len(words) - 8} more" if len(words) > 8 else "")
        question = f"delete {len(words)} things? u brings them back\n\n{shown}"
        self.app.push_screen(Confirm(question), lambda yes: self.action_perform(line) if yes else None)

    def action_import(self) -> None:
        """Ask for a checkpoint of the original program."""

        def answered(name: str | None) -> None:
            if name:
                self.action_perform(joined(["import", name]))

        self.app.push_screen(Ask("file of the original program to import"), answered)

    def _of(self, kinds: str, otherwise: str) -> tuple[Thing, ...]:
        """Those that are chosen of these kinds; says what could be chosen where there are none."""
        found = tuple(thing for thing in self.shelf.chosen() if thing.kind in kinds.split())
        if not found:
            self._refuse(otherwise)
        return found

    def _refuse(self, why: str) -> None:
        self.notify(why, severity="warning", markup=False)


MODE = WorkspaceMode
