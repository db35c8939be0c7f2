"""Themes: files that are right, files that are not, and what a screen looks like in them."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from gts.commands.themes import builtin_themes_folder
from gts.errors import FormatError
from gts.formats.theme_file import ANSI_COLOURS, TEXT_STYLES, THEME_VARIABLES, ThemeFile, read_theme
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.terminal import to_ascii
from gts_tui.theme import THEME_VARIABLE_DEFAULTS, detect_color_depth, load_chosen_theme, make_textual_theme, save_chosen_theme
from gts_tui.widgets.dialogs import SearchDialog
from tests.support.app_driver import screen_text, types, until

SHIPPED = {path.stem: read_theme(path) for path in sorted(builtin_themes_folder().glob("*.toml"))}
TRUE_COLOURS = {name: theme for name, theme in SHIPPED.items() if not theme.ansi}

GOOD = """\
name = "mine"
dark = true
[colours]
primary = "#4040ff"
background = "#000000"
foreground = "#ffffff"
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def variables(theme: ThemeFile) -> dict[str, str]:
    made = make_textual_theme(theme)
    return {**THEME_VARIABLE_DEFAULTS, **made.to_color_system().generate(), **made.variables}


def luminance(colour: Color) -> float:
    """WCAG 2: relative luminance."""
    parts = [part / 255 for part in colour.rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_matches_the_wcag_examples() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_the_themes_are_there() -> None:
    assert {"dark", "light", "high-contrast", "blue-orange", "16-colour", "monochrome"} <= set(SHIPPED)
    assert all(theme.name == stem and theme.about for stem, theme in SHIPPED.items())


@pytest.mark.parametrize("name", TRUE_COLOURS)
def test_texts_of_themes_have_contrast(name: str) -> None:
    found = variables(TRUE_COLOURS[name])
    papers = ("background", "surface", "panel")
    inks = ("foreground", "text-muted", "text-primary", "state-good", "state-busy", "state-wait", "state-bad")
    pairs = [(ink, paper) for ink in inks for paper in papers]
    pairs += [("block-cursor-foreground", "block-cursor-background"), ("footer-key-foreground", "panel")]
    pairs += [
        ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
        ("footer-foreground", "footer-background"),
    ]
    low = {}
    for ink, paper in pairs:
        ground = Color.parse(found["surface"]) + Color.parse(found[paper])
        ratio = contrast(Color.parse(found[ink]), ground)
        if ratio < 4.5:
            low[ink, paper] = round(ratio, 2)
    assert low == {}
    # Lines of a chart are shapes, for which the standard asks less.
    lines = {chart: contrast(Color.parse(found[chart]), Color.parse(found["background"])) for chart in chart_names(name)}
    assert min(lines.values()) >= 3.0, lines


def chart_names(name: str) -> list[str]:
    return [f"chart-{number}" for number in range(1, len(SHIPPED[name].chart) + 1)]


# Viénot, Brettel and Mollon (1999), for linear red, green and blue.
SIGHT = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


def seen(colour: Color, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """L*, a*, b* of a colour as such eyes see it."""
    linear = [((part / 255 + 0.055) / 1.055) ** 2.4 if part > 10 else part / 255 / 12.92 for part in colour.rgb]
    red, green, blue = (min(1, max(0, sum(w * part for w, part in zip(row, linear, strict=True)))) for row in matrix)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def far(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def test_red_and_green_look_alike_to_such_eyes() -> None:
    plain = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    red, green = Color.parse("#c04030"), Color.parse("#7a7a2c")
    assert far(seen(red, plain), seen(green, plain)) > 50 > 4 * far(*(seen(one, SIGHT["deuteranopia"]) for one in (red, green)))


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", ["blue-orange", "blue-orange-light"])
def test_colours_differ_to_eyes_that_see_few(name: str, sight: str) -> None:
    theme = SHIPPED[name]
    for colours in ({str(at): colour for at, colour in enumerate(theme.chart)}, dict(theme.state)):
        looks = {key: seen(Color.parse(colour), SIGHT[sight]) for key, colour in colours.items()}
        distances = {pair: round(far(looks[pair[0]], looks[pair[1]])) for pair in itertools.combinations(looks, 2)}
        assert min(distances.values()) >= 18, distances


@pytest.mark.parametrize("name", ["16-colour", "monochrome"])
def test_the_terminals_own_colours_alone(name: str) -> None:
    theme = SHIPPED[name]
    used = {*theme.colours.values(), *theme.chart, *theme.state.values()}
    used |= {value for key, value in theme.variables.items() if THEME_VARIABLES[key] == "colour"}
    assert theme.ansi and used <= ANSI_COLOURS


def test_all_theme_keys_exist_in_textual() -> None:
    known = BUILTIN_THEMES["textual-dark"].to_color_system().generate()
    assert set(THEME_VARIABLES) - set(known) == set()
    assert all(Color.parse(colour) for colour in ANSI_COLOURS)
    from textual.css.constants import VALID_STYLE_FLAGS

    assert TEXT_STYLES <= VALID_STYLE_FLAGS


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("#4040ff", "blurple"), 4, "`primary` is 'blurple', which is not a colour; write it as #rrggbb"),
        (GOOD.replace("primary", "primery"), 4, "unknown key `primery` in [colours]; did you mean `primary`?"),
        (GOOD.replace('foreground = "#ffffff"', ""), 3, "the colour `foreground` is missing"),
        (GOOD + "[variables]\nblock-cursor-text-style = 'blinking'\n", 8, "which is not a style"),
        (GOOD + "[variables]\nsurprise = '#000'\n", 8, "unknown key `surprise`"),
        (GOOD + "[chart]\ncolours = ['#12345']\n", 8, "a colour of [chart] is '#12345'"),
        (GOOD.replace("true", "'yes'"), 2, "`dark` must be true or false"),
        (GOOD.replace('"mine"', '"My Theme!"'), 1, "lower-case letters"),
        (GOOD + "[state]\ngood = 3\n", 8, "not a colour"),
        ("name = \n", 1, "not valid TOML"),
        ("colours = 3\n", 1, "`colours` must be a table"),
    ],
)
def test_errors_of_theme_files_have_lines_and_reasons(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(FormatError) as error:
        read_theme(path)
    said = [problem for problem in error.value.problems if words in problem.message]
    assert [problem.line for problem in said] == [line], error.value


def test_all_errors_of_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace("#4040ff", "x").replace("#000000", "y") + "[stat]\n")
    with pytest.raises(FormatError) as error:
        read_theme(path)
    assert [problem.line for problem in error.value.problems] == [4, 5, 7]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_theme_can_be_applied(workspace: Workspace, name: str) -> None:
    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(theme=name))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: "1 " in screen_text(app))
            assert app.theme == name
            await pilot.press("question_mark")
            await until(pilot, lambda: "keys: workspace" in screen_text(app))

    asyncio.run(drive())


@pytest.mark.slow
def test_a_chosen_theme_is_remembered(workspace: Workspace) -> None:
    async def choose() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None and app.focused is not None)
            assert app.theme == "dark"
            await types(pilot, "theme light")
            await until(pilot, lambda: app.theme == "light")
            await types(pilot, "theme lihgt-contrast")
            await until(pilot, lambda: "there is no theme" in screen_text(app))
            assert app.theme == "light"

    async def come_back() -> str:
        app = GtsApp(workspace)
        async with app.run_test():
            return app.theme

    asyncio.run(choose())
    assert asyncio.run(come_back()) == "light"


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "linux"}, "16-colour"),
        ({"TERM": "alacritty"}, "16-colour"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "dumb"}, "monochrome"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "monochrome"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "monochrome"),
    ],
)
def test_the_usual_theme_suits_the_terminal(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], theme: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def worn() -> str:
        app = GtsApp(workspace)
        async with app.run_test():
            return app.theme

    assert asyncio.run(worn()) == theme


def test_themes_are_remembered_per_colour_depth() -> None:
    save_chosen_theme("many", "light")
    assert (load_chosen_theme("many"), load_chosen_theme("few")) == ("light", "16-colour")
    assert detect_color_depth("standard", no_color=False) == "few"
    assert detect_color_depth("truecolor", no_color=True) == "none"


def test_an_unreadable_memory_is_no_memory(own_settings: Path) -> None:
    (own_settings / "state").mkdir()
    for text in ("{", "[]", '{"themes": 3}', '{"themes": {"many": 7}}'):
        (own_settings / "state" / "terminal.json").write_text(text)
        assert load_chosen_theme("many") == "dark"


def test_no_colour_reaches_a_screen_without_colours(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None)
            await pilot.press("ctrl+p")

            def segments() -> list[Segment]:
                return [segment for strip in app.screen._compositor.render_strips() for segment in strip if segment.style]

            def first() -> str:
                return app.screen._results[0].label if isinstance(app.screen, SearchDialog) and app.screen._results else "\0"

            # Where the cursor is must be seen all the same.
            await until(pilot, lambda: any(one.text.startswith(first()) and one.style.reverse for one in segments()))
            assert all(one.style.color is None or one.style.color.is_default for one in segments())
            assert all(one.style.bgcolor is None or one.style.bgcolor.is_default for one in segments())

    asyncio.run(drive())


def test_ascii_reaches_a_screen_that_has_nothing_else(workspace: Workspace) -> None:
    (workspace.root / "añb.spec").write_text("{}")

    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(glyphs="ascii"))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await pilot.press("ctrl+p")
            await until(pilot, lambda: "a?b.spec" in screen_text(app) or "enter choose" in screen_text(app))
            await pilot.press("a")
            await until(pilot, lambda: "a?b.spec" in screen_text(app))
            assert screen_text(app).isascii()

    asyncio.run(drive())


@pytest.mark.parametrize(("text", "shown"), [("╭─╮ ● 漢", "+-+ * ??"), ("⠿⠇", "??"), ("plain", "plain")])
def test_a_text_stays_as_wide_as_it_was(text: str, shown: str) -> None:
    assert to_ascii(text) == shown


def test_an_edited_theme_is_applied_and_a_broken_one_reported(workspace: Workspace) -> None:
    folder = workspace.root / "themes"
    folder.mkdir()
    path = folder / "mine.toml"
    path.write_text(GOOD)

    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(theme="mine"))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.screen.styles.background.hex == "#000000")
            path.write_text(GOOD.replace("#000000", "#102030"))
            await until(pilot, lambda: app.screen.styles.background.hex == "#102030")
            path.write_text(GOOD.replace("#000000", "nothing"))
            await until(pilot, lambda: "which is not a colour" in screen_text(app))
            assert app.theme == "mine"
            assert app.screen.styles.background.hex == "#102030"
            path.write_text(GOOD)
            await until(pilot, lambda: app.screen.styles.background.hex == "#000000")

    asyncio.run(drive())


def test_a_theme_of_the_user_replaces_a_built_in_one(workspace: Workspace, own_settings: Path) -> None:
    folder = own_settings / "config" / "themes"
    folder.mkdir(parents=True)
    (folder / "x.toml").write_text(GOOD.replace('"mine"', '"dark"'))

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test() as pilot:
            await until(pilot, lambda: app.screen.styles.background.hex == "#000000")

    asyncio.run(drive())


def test_red_of_rich_becomes_the_themes_colour_for_bad_states(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(theme="blue-orange"))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await types(pilot, "nonsense")
            await pilot.press("o")
            await until(pilot, lambda: "error: " in screen_text(app))
            segments = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
            style = next(segment.style for segment in segments if "error:" in segment.text)
            assert style is not None and style.color is not None and style.color.triplet is not None
            assert style.color.triplet.hex == SHIPPED["blue-orange"].state["bad"]

    asyncio.run(drive())
