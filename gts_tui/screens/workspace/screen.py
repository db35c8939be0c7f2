"""The mode `workspace`: what there is, a page about the thing under the cursor, and what can be done with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from gts_tui.command_syntax import quote_words
from gts_tui.screens.external_editor import edit_file_externally
from gts_tui.screens.mode import Mode
from gts_tui.screens.new_file import ask_new_file_command, propose_copy_name
from gts_tui.screens.workspace.browser import WorkspaceBrowser
from gts_tui.screens.workspace.model import WorkspaceItem
from gts_tui.widgets.dialogs import ConfirmDialog, InputDialog
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
        yield WorkspaceBrowser()

    @property
    def browser(self) -> WorkspaceBrowser:
        """What is shown."""
        return self.query_one(WorkspaceBrowser)

    def enter(self) -> None:
        """Follow the workspace."""
        self.browser.start_polling()

    def leave(self) -> None:
        """Follow nothing."""
        self.browser.stop_polling()

    def focus_first(self) -> None:
        """To the tree, or to what there is to begin with."""
        self.browser.focus_first()

    def selection(self) -> tuple[str, ...]:
        """What is marked, else what the cursor is on."""
        return tuple(thing.reference for thing in self.browser.selected_items())

    def open(self, word: str) -> None:
        """Put the cursor on it."""
        self.browser.select_item(word)

    def on_workspace_browser_activated(self, event: WorkspaceBrowser.Activated) -> None:
        """Open a thing where it is shown best."""
        self.action_perform(quote_words(["open", event.item.reference]))

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
            self.program.copy(quote_words(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} names")

    def action_perform(self, line: str) -> None:
        """Do a command line."""
        self.program.run_command(line)

    def action_each(self, command: str, kinds: str) -> None:
        """Do a command for each of what is chosen, as far as it is of these kinds."""
        words = [thing.reference for thing in self._chosen_of_kinds(kinds, f"{command} takes a {kinds.replace(' ', ' or a ')}")]
        if words:
            self.action_perform("; ".join(quote_words([command, word]) for word in words))

    def action_job(self, command: str) -> None:
        """Stop jobs that are at work, or let those go on that stand still."""
        items = self._chosen_of_kinds("run study", f"{command} takes a run or a study")
        references = [thing.reference for thing in items if thing.alive == (command == "stop") and thing.state != "done"]
        if references:
            self.action_perform(quote_words([command, *references]))
        elif items:
            self._warn("it is not at work" if command == "stop" else f"it is {items[0].state}; there is nothing to resume")

    def action_play(self, command: str) -> None:
        """Play checkpoints and runs."""
        items = self._chosen_of_kinds("checkpoint run", "a checkpoint or a run can be played; t trains a spec")
        if items:
            self.action_perform(f"{command} {quote_words([items[0].reference])}")

    def action_train(self) -> None:
        """Begin a command line that trains, so that parameters can be added."""
        items = self._chosen_of_kinds("spec checkpoint", "t trains a spec, or goes on from a checkpoint; S searches a space")
        if items:
            self.program.action_line(f"train {quote_words([items[0].reference])} ")

    def action_edit(self) -> None:
        """Open a file in the editor."""
        items = self._chosen_of_kinds("spec space", "a spec or a space can be edited")
        if items:
            self.action_perform(quote_words(["edit", items[0].reference]))

    def action_edit_outside(self) -> None:
        """Open a file in the person's own editor."""
        items = self._chosen_of_kinds("spec space", "a spec or a space can be edited")
        if items:
            edit_file_externally(self.program, self.program.workspace.root / items[0].reference)

    def action_new(self, kind: str = "") -> None:
        """Make a spec or a space."""

        async def make() -> None:
            made = await ask_new_file_command(self.program, kind, self.browser.current_figure)
            if made is not None:
                self.browser.select_item(made[1])
                self.action_perform(made[0])

        self.run_worker(make(), exit_on_error=False, exclusive=True, group="new")

    def action_copy(self) -> None:
        """Copy a file."""
        items = self._chosen_of_kinds("spec space checkpoint", "a file can be copied; runs and studies cannot")
        if items:
            self._ask_name("copy", items[0], propose_copy_name(self.program.workspace.root, items[0].reference))

    def action_rename(self) -> None:
        """Rename a file."""
        items = self._chosen_of_kinds("spec space checkpoint", "a file can be renamed; runs and studies keep their names")
        if items:
            self._ask_name("rename", items[0], items[0].reference)

    def _ask_name(self, command: str, item: WorkspaceItem, proposed: str) -> None:
        def answered(name: str | None) -> None:
            if name and name != item.reference:
                self.browser.select_item(name if name.endswith(f".{item.kind}") else f"{name}.{item.kind}")
                self.action_perform(quote_words([command, item.reference, name if "/" in name else f"./{name}"]))

        self.app.push_screen(InputDialog(f"{command} {item.reference} to", proposed), answered)

    def action_delete(self) -> None:
        """Put what is chosen into the trash; asks where that is more than one thing."""
        words = self.selection()
        if not words:
            return
        line = quote_words(["delete", *words])
        if len(words) == 1:
            self.action_perform(line)
            return
        shown = "\n".join(words[:8]) + (f"\nand {len(words) - 8} more" if len(words) > 8 else "")
        question = f"delete {len(words)} things? u brings them back\n\n{shown}"
        self.app.push_screen(ConfirmDialog(question), lambda yes: self.action_perform(line) if yes else None)

    def action_import(self) -> None:
        """Ask for a checkpoint of the original program."""

        def answered(name: str | None) -> None:
            if name:
                self.action_perform(quote_words(["import", name]))

        self.app.push_screen(InputDialog("file of the original program to import"), answered)

    def _chosen_of_kinds(self, kinds: str, warning: str) -> tuple[WorkspaceItem, ...]:
        """Those that are chosen of these kinds; says what could be chosen where there are none."""
        found = tuple(thing for thing in self.browser.selected_items() if thing.kind in kinds.split())
        if not found:
            self._warn(warning)
        return found

    def _warn(self, message: str) -> None:
        self.notify(message, severity="warning", markup=False)


MODE = WorkspaceMode
