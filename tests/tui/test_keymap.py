"""Key bindings: names of keys, the key help, and assignments in keys.toml."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.screen import ModalScreen

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.command_syntax import MODES
from gts_tui.keymap import BindingOwner, binding_keys, display_key, find_binding_owners, normalize_key, read_keymap
from tests.support.app_driver import screen_text, until

PLACES = find_binding_owners()
APP = BindingOwner("app", tuple(binding for place in PLACES if place.is_global for binding in place.bindings), True)
SHARED_KEYS = {"escape", "enter"}
"""Keys that any widget may bind."""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def is_dialog(place: BindingOwner) -> bool:
    from importlib import import_module

    module, _, name = place.name.rpartition(".")
    return issubclass(getattr(import_module(module), name), ModalScreen)


def test_places_are_found() -> None:
    names = {place.name for place in PLACES}
    assert {"gts_tui.app.GtsApp", "gts_tui.widgets.dialogs.ConfirmDialog", "gts_tui.console.command_line.CommandLine"} <= names
    assert {f"mode.{name}" for name in MODES} <= {binding.id for binding in APP.bindings}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_key_has_an_id_and_words(place: BindingOwner) -> None:
    for binding in place.bindings:
        assert binding.id and binding.description, f"{place.name}: {binding.key} has no id or no words"
        assert all(normalize_key(key) is not None for key in binding_keys(binding)), binding
        assert binding.description == binding.description.strip().rstrip(".")


def test_an_id_means_one_thing() -> None:
    words: dict[str, set[str]] = {}
    for place in PLACES:
        for binding in place.bindings:
            words.setdefault(binding.id or "", set()).add(binding.description)
        ids = [binding.id for binding in place.bindings]
        assert len(ids) == len(set(ids)), place.name
    # Tables of several kinds share what every table has, so that a person puts it elsewhere once.
    assert {name: said for name, said in words.items() if len(said) > 1} == {}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_no_two_keys_of_a_place_clash(place: BindingOwner) -> None:
    keys = Counter(key for binding in place.bindings for key in binding_keys(binding))
    assert [key for key, times in keys.items() if times > 1] == []
    if not place.is_global and not is_dialog(place):
        taken = {key for binding in APP.bindings for key in binding_keys(binding)}
        # A list may have the keys of a terminal's own; the letters and signs of the program mean one thing everywhere.
        assert taken & set(keys) - SHARED_KEYS == set()


def test_no_key_is_one_that_terminals_or_tmux_take() -> None:
    used = {key for place in PLACES for binding in place.bindings for key in binding_keys(binding)}
    assert used & {"ctrl+b", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"} == set()


@pytest.mark.parametrize(
    ("key", "name"),
    [("?", "question_mark"), ("x", "x"), ("ctrl+x", "ctrl+x"), ("f5", "f5"), ("+", "plus"), ("[", "left_square_bracket")],
)
def test_keys_as_people_write_them(key: str, name: str) -> None:
    assert normalize_key(key) == name
    assert display_key(name) == key


@pytest.mark.parametrize("key", ["", "banana", "ctrl+", "control+x", "f99"])
def test_invalid_keys(key: str) -> None:
    assert normalize_key(key) is None


HERE = (
    BindingOwner(
        "gts_tui.app.GtsApp", (Binding("1", "a", "one", id="mode.one"), Binding("q", "b", "quit", id="program.quit")), True
    ),
    BindingOwner(
        "gts_tui.screens.jobs.Jobs", (Binding("s", "c", "stop", id="jobs.stop"), Binding("R", "d", "on", id="jobs.resume"))
    ),
    BindingOwner("gts_tui.screens.play.Play", (Binding("w", "e", "window", id="play.window"),)),
)


def keymap_of(tmp_path: Path, text: str):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    return read_keymap([path], HERE)


def test_keys_are_assigned_by_id(tmp_path: Path) -> None:
    read = keymap_of(tmp_path, '"mode.one" = "f1, !"\n[jobs]\nstop = "R"\nresume = "s"\n')
    assert read.problems == ()
    assert read.keys == {"mode.one": "f1,exclamation_mark", "jobs.stop": "R", "jobs.resume": "s"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[jobs]\nstpo = "x"\n', "keys.toml:2:1: no key has the id `jobs.stpo`; did you mean `jobs.stop`?"),
        ('[jobs]\nstop = "banana"\n', "keys.toml:2:1: `banana` is not a key"),
        ("[jobs]\nstop = 3\n", "the key of `jobs.stop` must be a string such as"),
        ('[jobs]\nstop = "R"\n', "`R` for `jobs.stop` is already the key of `jobs.resume`"),
        ('[jobs]\nstop = "q"\n', "`q` for `jobs.stop` is already the key of `program.quit`"),
        ('[mode]\none = "w"\n', "`w` for `mode.one` is already the key of `play.window`"),
        ('[jobs]\nstop = "ctrl+m"\n', "terminals cannot distinguish `ctrl+m` from enter"),
        ("[jobs\n", "not valid TOML"),
    ],
)
def test_errors_are_reported_and_valid_lines_apply(tmp_path: Path, text: str, complaint: str) -> None:
    read = keymap_of(tmp_path, text)
    assert [problem for problem in read.problems if complaint in problem], read.problems
    assert read.keys == {}
    if "not valid TOML" not in complaint and "play.window" not in complaint:
        assert keymap_of(tmp_path, f'play.window = "z"\n{text}').keys == {"play.window": "z"}


def test_the_same_key_may_mean_two_things_in_two_modes(tmp_path: Path) -> None:
    assert keymap_of(tmp_path, '[play]\nwindow = "s"\n').keys == {"play.window": "s"}


def test_widgets_of_one_mode_clash_and_those_of_two_modes_do_not(tmp_path: Path) -> None:
    owners = (
        BindingOwner("gts_tui.screens.training.screen.TrainingMode", (Binding("x", "a", "a", id="training.a"),)),
        BindingOwner("gts_tui.screens.training.run_list.RunList", (Binding("y", "b", "b", id="runs.b"),)),
        BindingOwner("gts_tui.screens.search.screen.SearchMode", (Binding("z", "c", "c", id="search.c"),)),
        BindingOwner("gts_tui.widgets.table.VirtualTable", (Binding("u", "d", "d", id="table.d"),)),
    )
    path = tmp_path / "keys.toml"
    path.write_text('"runs.b" = "x"\n')
    assert "is already the key of `training.a`" in read_keymap([path], owners).problems[0]
    path.write_text('"runs.b" = "z"\n"table.d" = "x"\n')
    assert read_keymap([path], owners).problems == ()


def test_a_file_that_cannot_be_parsed_changes_no_keys(workspace: Workspace) -> None:
    path = workspace.root / "keys.toml"
    path.write_text('[mode]\njobs = "f6"\n')

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app._keymap == {"mode.jobs": "f6"})
            path.write_text('[mode]\njobs = "f7')
            await until(pilot, lambda: "not valid TOML" in screen_text(app))
            assert app._keymap == {"mode.jobs": "f6"}
            path.write_text('[mode]\njobs = "f7"\n')
            await until(pilot, lambda: app._keymap == {"mode.jobs": "f7"})

    asyncio.run(drive())


def test_a_key_that_was_moved_works_and_the_old_one_does_not(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None)
            (workspace.root / "keys.toml").write_text('[mode]\njobs = "f6"\nplay = "f6"\nnone = "x"\n')
            await until(pilot, lambda: "no key has the id" in screen_text(app))
            (workspace.root / "keys.toml").write_text('[mode]\njobs = "f6"\n')
            await until(pilot, lambda: app._keymap == {"mode.jobs": "f6"})
            await pilot.press("f6")
            await until(pilot, lambda: app.mode.NAME == "jobs")
            await pilot.press("1", "5")
            await until(pilot, lambda: app.mode.NAME == "workspace")
            await pilot.press("question_mark")
            await until(pilot, lambda: "keys: workspace" in screen_text(app))
            await pilot.press(*"mode.jobs")
            await until(pilot, lambda: any(" f6 " in line and " jobs " in line for line in screen_text(app).splitlines()))

    asyncio.run(drive())


def test_key_help_lists_active_keys_and_runs_the_chosen_one(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.mode is not None)
            await pilot.press("question_mark")
            await until(pilot, lambda: "keys: workspace" in screen_text(app) and "workspace.mark" in screen_text(app))
            assert "keys.toml" in screen_text(app)
            await pilot.press(*"mode.jobs")
            await until(pilot, lambda: "workspace.mark" not in screen_text(app))
            await pilot.press("enter")
            await until(pilot, lambda: app.mode.NAME == "jobs")
            await pilot.press("question_mark")
            await until(pilot, lambda: "keys: jobs" in screen_text(app))
            await pilot.press("x", "escape", "escape")
            await until(pilot, lambda: "keys: jobs" not in screen_text(app))
            assert app.mode.NAME == "jobs"

    asyncio.run(drive())


def test_the_footer_always_shows_the_help_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.spec").write_text("{}")

    async def drive() -> None:
        app = GtsApp(Workspace(tmp_path))
        async with app.run_test(size=(60, 24)) as pilot:
            for number, name in enumerate(MODES, start=1):
                await pilot.press(str(number))
                await until(pilot, lambda name=name: app.mode is not None and name == app.mode.NAME)
                await until(pilot, lambda: screen_text(app).splitlines()[-1].rstrip().endswith("? keys : command"))

    asyncio.run(drive())
