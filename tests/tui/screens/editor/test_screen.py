"""The editor mode: opening, checking while typing, completion, form, diff, search, training."""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.screens.editor.completion import POPUP_ROWS
from gts_tui.screens.editor.screen import EditorMode
from tests.support.app_driver import screen_text, shows, until
from tests.support.editor_driver import NAME, drive, go_to, text_of, write


def test_empty_editor_shows_instructions_and_files(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        screen = await shows(pilot, r"hopper/hopperPPO\.spec")
        assert "No file is open" in screen and "inverted/inverted.space" in screen
        await pilot.press("down", "enter")
        await shows(pilot, r"hopperA2C\.spec .*1:1")
        assert text_of(mode) == (workspace.root / "hopper/hopperA2C.spec").read_text()
        assert mode.selection() == ("hopper/hopperA2C.spec",)

    drive(workspace, story)


def test_empty_workspace_offers_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    async def story(pilot: Any, mode: EditorMode) -> None:
        await shows(pilot, "no spec or space yet")
        await pilot.press("n")
        await shows(pilot, "New: what kind")
        await pilot.press("enter")
        await shows(pilot, "Which figure[^~]*a pole on a cart")
        await pilot.press("down", "enter")
        await shows(pilot, "Which technique")
        await pilot.press("end", "enter")
        await shows(pilot, "hopper-ppo")
        await pilot.press("enter")
        await until(pilot, lambda: mode.document is not None)
        made = json.loads((tmp_path / "hopper-ppo.spec").read_text())
        assert (made["physicalModel"], made["technique"]) == ("hopper", "ppo")
        assert text_of(mode) == (tmp_path / "hopper-ppo.spec").read_text()
        await shows(pilot, r"› gts new spec hopper-ppo\.spec --figure hopper --technique ppo")

    drive(Workspace(tmp_path), story)


def test_new_file_is_proposed_beside_its_figure_under_a_free_name(workspace: Workspace) -> None:
    (workspace.root / "hopper/hopper-ppo.spec").write_text("{}")

    async def story(pilot: Any, mode: EditorMode) -> None:
        await shows(pilot, "No file is open")
        await pilot.press("n")
        await shows(pilot, "New: what kind")
        await pilot.press("enter")
        await shows(pilot, "Which figure")
        await pilot.press("down", "enter")
        await shows(pilot, "Which technique")
        await pilot.press("end", "enter")
        await shows(pilot, r"hopper/hopper-ppo-2\b")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert mode.document is None and not (workspace.root / "hopper/hopper-ppo-2.spec").exists()

    drive(workspace, story)


def test_popup_is_drawn_below_the_cursor(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1,')
        await write(pilot, '\n"')
        await pilot.press("tab")
        popup, area = mode.workbench.popup, mode.workbench.text_area
        assert area is not None
        await until(pilot, lambda: popup.display and popup.region.height == POPUP_ROWS)
        assert popup.region.y == area.cursor_screen_offset.y + 1

    drive(workspace, story, NAME)


def test_an_edit_is_checked_while_typing_and_saved(workspace: Workspace) -> None:
    path = workspace.root / NAME

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "x")
        screen = await shows(pilot, r"6:13 +'1x' is not a number")
        assert "✗" in screen and "1 error" in screen and "hopperPPO.spec*" in screen
        await pilot.press("backspace", "7")
        await until(pilot, lambda: "error" not in screen_text(pilot.app))
        assert path.read_text() == before
        await pilot.press("ctrl+s")
        await until(pilot, lambda: path.read_text() == before.replace('"seed": 1', '"seed": 17'))
        assert "hopperPPO.spec*" not in screen_text(pilot.app)

    before = path.read_text()
    drive(workspace, story, NAME)


def test_an_ascii_terminal_gets_ascii_signs(workspace: Workspace) -> None:
    path = workspace.root / NAME
    path.write_text(path.read_text().replace('"seed": 1,', '"seed": 1x,'))

    async def story(pilot: Any, mode: EditorMode) -> None:
        screen = await shows(pilot, r"(?m)^ *x +6:13 +'1x' is not a number")
        assert re.search(r"(?m)^ *6 *x ", screen) and "✗" not in screen

    drive(workspace, story, NAME, glyphs="ascii")


def test_enter_on_an_error_moves_the_cursor_there(workspace: Workspace) -> None:
    path = workspace.root / NAME
    path.write_text(path.read_text().replace('"nEpochs": 488', '"nEpoch": 488').replace('"exactTail": 0.1', '"exactTail": 7'))

    async def story(pilot: Any, mode: EditorMode) -> None:
        await shows(pilot, "2 errors")
        await pilot.press("f8")
        assert mode.workbench.text_area is not None
        await until(pilot, lambda: mode.workbench.text_area.cursor_location == (7, 4))
        await shows(pilot, 'did you mean "nEpochs"')
        await pilot.press("escape", "tab")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "problems")
        await pilot.press("down", "enter")
        await until(pilot, lambda: mode.workbench.text_area.cursor_location == (10, 4) and mode.workbench.text_area.has_focus)

    drive(workspace, story, NAME)


def test_completion_offers_parameters_with_descriptions(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1,')
        await write(pilot, '\n"clipR')
        await pilot.press("tab")
        await until(pilot, lambda: '"clipRatio": 0.2,\n' in text_of(mode))
        await shows(pilot, "How far the probability ratio may leave 1")
        json.loads(text_of(mode))
        await go_to(pilot, mode, '"physics": "fa')
        await pilot.press("ctrl+@")
        await shows(pilot, "exact .*default")
        await pilot.press("enter")
        await until(pilot, lambda: '"physics": "exact"' in text_of(mode))
        await pilot.press("ctrl+z", "ctrl+z")
        await until(pilot, lambda: '"clipRatio"' not in text_of(mode))

    drive(workspace, story, NAME)


def test_completions_narrow_and_close(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        before = text_of(mode)
        await go_to(pilot, mode, '"seed": 1,')
        await write(pilot, '\n"')
        await pilot.press("tab")
        await shows(pilot, "maxEpisodeLength")
        await write(pilot, "lamb")
        await until(pilot, lambda: "maxEpisodeLength" not in screen_text(pilot.app) and "lambda" in screen_text(pilot.app))
        await pilot.press("escape")
        assert mode.workbench.text_area is not None and mode.workbench.text_area.has_focus
        await pilot.press("tab")
        await until(pilot, lambda: text_of(mode) == before.replace('"seed": 1,', '"seed": 1,\n    "lambda": 0.95,'))

    drive(workspace, story, NAME)


def test_form_changes_one_value_and_nothing_else(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        before = text_of(mode)
        await pilot.press("f2")
        await shows(pilot, r"exactTail +0\.1 +0\.2 +fraction")
        await pilot.press("slash")
        await write(pilot, "exactt")
        await until(pilot, lambda: "nEpochs" not in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "form")
        await shows(pilot, "allowed: a number ≥ 0, ≤ 1")
        await pilot.press("enter")
        await shows(pilot, "exactTail: a number")
        await pilot.press("ctrl+u", *"0.25", "enter")
        await until(pilot, lambda: text_of(mode) == before.replace('"exactTail": 0.1', '"exactTail": 0.25'))
        await pilot.press("d")
        await until(pilot, lambda: "exactTail" not in text_of(mode))
        await pilot.press("u", "u")
        await until(pilot, lambda: text_of(mode) == before)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: mode.workbench.text_area.has_focus)

    drive(workspace, story, NAME)


def test_form_offers_choices_and_keeps_line_ends(workspace: Workspace) -> None:
    path = workspace.root / NAME
    windows = path.read_text().rstrip("\n").replace("\n", "\r\n").encode()
    path.write_bytes(windows)

    async def story(pilot: Any, mode: EditorMode) -> None:
        await pilot.press("f2")
        await shows(pilot, "physics +fast")
        await pilot.press("slash", *"physics", "enter")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "form")
        await pilot.press("enter")
        await shows(pilot, "exact   default")
        await pilot.press("enter")
        await until(pilot, lambda: '"physics": "exact"' in text_of(mode))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: path.read_bytes() == windows.replace(b'"fast"', b'"exact"'))

    drive(workspace, story, NAME)


def test_form_refuses_while_the_text_is_broken(workspace: Workspace) -> None:
    path = workspace.root / NAME
    path.write_text(path.read_text().replace('"seed": 1,', '"seed": 1'))

    async def story(pilot: Any, mode: EditorMode) -> None:
        before = text_of(mode)
        await pilot.press("f2")
        await shows(pilot, "nEnvironments")
        await pilot.press("down", "down", "enter")
        await shows(pilot, "seed: a whole number")
        await pilot.press("enter")
        await shows(pilot, "fix line 7 of the text first")
        assert text_of(mode) == before

    drive(workspace, story, NAME)


def test_difference_against_the_saved_file_and_against_another(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "2")
        await pilot.press("f3")
        await shows(pilot, r"\+ +\"seed\": 12,")
        await pilot.press("v")
        await shows(pilot, r"seed +1 +12")
        await pilot.press("b")
        await shows(pilot, "Compare with which file")
        await pilot.press("down", "enter")
        await shows(pilot, r"technique +\"a2c\" +\"ppo\"")
        await pilot.press("escape")
        await until(pilot, lambda: mode.workbench.text_area.has_focus)

    drive(workspace, story, NAME)


def test_several_files_keep_their_edits_and_cursors(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "9")
        await pilot.press("escape", "left_square_bracket")
        await until(pilot, lambda: mode.selection() == (NAME,))
        await pilot.press("escape", "right_square_bracket")
        await until(pilot, lambda: mode.selection() == ("inverted/inverted.space",) or mode.selection()[0].endswith("A2C.spec"))
        assert '"seed": 19' in text_of(mode)
        assert "hopperA2C.spec*" in screen_text(pilot.app)
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        await pilot.press("escape", "x")
        await shows(pilot, "has unsaved edits")
        await pilot.press("down", "enter")
        await until(pilot, lambda: mode.selection() == (NAME,))
        assert '"seed": 1,' in (workspace.root / "hopper/hopperA2C.spec").read_text()

    drive(workspace, story, NAME, "hopper/hopperA2C.spec")


def test_a_burst_of_keys_is_done_in_its_order(workspace: Workspace) -> None:
    """Slow connections deliver several keys in one read."""

    async def story(pilot: Any, mode: EditorMode) -> None:
        before = text_of(mode)
        await go_to(pilot, mode, '"seed"', behind=False)
        for key in ("end", "enter", "a", "b", "home", "c", "end", "backspace", "d", "up", "home", "delete"):
            pilot.app.simulate_key(key)
        await until(pilot, lambda: "cad" in text_of(mode))
        await until(pilot, lambda: text_of(mode) == before.replace('    "seed": 1,', '    seed": 1,\n    cad'))

    drive(workspace, story, NAME)


def selection_start(mode: EditorMode) -> int:
    area = mode.workbench.text_area
    assert area is not None
    return area.document.get_index_from_location(min(area.selection))


def test_find_wraps_around(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        await pilot.press("ctrl+f", *"learningrate")
        first = text_of(mode).index("learningRate")
        await until(pilot, lambda: selection_start(mode) == first)
        await pilot.press("enter")
        second = text_of(mode).index("learningRate", first + 1)
        await until(pilot, lambda: selection_start(mode) == second)
        await pilot.press("enter")
        await until(pilot, lambda: selection_start(mode) == first)
        await pilot.press("up")
        await until(pilot, lambda: selection_start(mode) == second)
        await pilot.press("escape")
        await until(pilot, lambda: mode.workbench.text_area.has_focus)

    drive(workspace, story, NAME)


@pytest.mark.process
def test_external_editor_edits_the_file_or_a_copy(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workspace.root / NAME
    monkeypatch.setenv(
        "EDITOR",
        f'{sys.executable} -c "import sys,pathlib;p=pathlib.Path(sys.argv[1]);'
        "p.write_text(p.read_text().replace('488','489').replace('490','491'))\"",
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(GtsApp, "suspend", lambda self: nullcontext())

    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        await pilot.press("f4")
        await until(pilot, lambda: '"nEpochs": 489' in text_of(mode))
        assert '"nEpochs": 489' in path.read_text()
        await go_to(pilot, mode, '"nEpochs": 489')
        await pilot.press("backspace", "backspace", "9", "0")
        await pilot.press("f4")
        await until(pilot, lambda: '"nEpochs": 491' in text_of(mode))
        # It must not save unsaved edits.
        assert '"nEpochs": 489' in path.read_text()

    drive(workspace, story, NAME)


def test_training_saves_first_and_shows_its_command(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(GtsApp, "run_command", lambda self, line, then=None: done.append(line))
    path = workspace.root / NAME

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        await pilot.press("f5")
        await shows(pilot, r"unsaved edits\. Save it")
        await pilot.press("y")
        await until(pilot, lambda: done == [f"train {NAME}"])
        assert '"seed": 17' in path.read_text()
        await go_to(pilot, mode, '"seed": 17')
        await write(pilot, "x")
        await until(pilot, lambda: mode.document.diagnostics.errors)
        await pilot.press("f5")
        await shows(pilot, "has 1 error")
        assert done == [f"train {NAME}"]

    drive(workspace, story, NAME)


def test_help_is_visible_at_every_size(workspace: Workspace) -> None:
    for size in ((80, 24), (120, 40), (60, 15)):

        async def story(pilot: Any, mode: EditorMode) -> None:
            await go_to(pilot, mode, '"exactTail')
            await shows(pilot, "default 0.2")
            await until(pilot, lambda: mode.workbench.text_area.has_focus)

        drive(workspace, story, NAME, size=size)
