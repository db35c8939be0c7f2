"""`gts themes`: list of themes, and errors of theme files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gts.commands.check import CheckedFile, CheckResult, file_with_errors
from gts.commands.command import Argument, Command, Context, Result
from gts.commands.init import packaged_folder
from gts.commands.resolve import resolve_path
from gts.errors import GtsError, UsageError
from gts.store.workspace import Workspace

if TYPE_CHECKING:
    from gts.formats.theme_file import ThemeFile

ThemeOrigin = Literal["program", "user", "workspace"]


@dataclass(frozen=True)
class ListedTheme:
    """A valid theme."""

    name: str
    about: str
    path: str
    origin: ThemeOrigin
    dark: bool
    ansi: bool


@dataclass(frozen=True)
class ThemesResult(Result):
    """Valid themes and invalid theme files."""

    view: ClassVar[str] = "machine:render_themes"
    themes: tuple[ListedTheme, ...]
    bad: tuple[CheckedFile, ...]
    folders: tuple[str, ...]
    """Folders of the user's own themes."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"ok": not self.bad} | super().as_dict()


def run_themes(context: Context, *, what: str, files: Sequence[str]) -> ThemesResult | CheckResult:
    """List the themes, or check theme files."""
    if what == "check":
        paths = [resolve_path(context, word) for word in files] or [path for _, path in theme_paths(context.workspace)]
        return CheckResult(tuple(_check_theme(path) for path in paths))
    if files:
        raise UsageError(f"`gts themes {what}` takes no files", hint=f"gts themes check {files[0]}")
    chosen, bad = read_themes(context.workspace)
    listed = tuple(
        ListedTheme(theme.name, theme.about, theme.path, origin, theme.dark, theme.ansi) for origin, theme in chosen.values()
    )
    return ThemesResult(
        listed, bad, tuple(str(folder) for origin, folder in theme_folders(context.workspace) if origin != "program")
    )


def builtin_themes_folder() -> Path:
    """Find the built-in themes, in the installed package or the repository; raises MissingError."""
    return packaged_folder("themes", "built-in themes")


def theme_folders(workspace: Workspace) -> tuple[tuple[ThemeOrigin, Path], ...]:
    """List the folders of themes; of two themes with one name the later folder wins."""
    from gts.system.folders import config_folder

    shipped = builtin_themes_folder()
    own: tuple[tuple[ThemeOrigin, Path], ...] = (
        ("user", config_folder() / "themes"),
        ("workspace", workspace.root.absolute() / "themes"),
    )
    return (("program", shipped), *(place for place in own if place[1] != shipped))


def theme_paths(workspace: Workspace) -> Iterator[tuple[ThemeOrigin, Path]]:
    """List all theme files, by folder and name."""
    for origin, folder in theme_folders(workspace):
        try:
            paths = sorted(folder.glob("*.toml"))
        except OSError:
            continue
        yield from ((origin, path) for path in paths)


def read_themes(workspace: Workspace) -> tuple[dict[str, tuple[ThemeOrigin, ThemeFile]], tuple[CheckedFile, ...]]:
    """Read all themes: the valid ones by name, and the invalid files with their errors."""
    from gts.formats.theme_file import read_theme

    found: dict[str, tuple[ThemeOrigin, ThemeFile]] = {}
    bad: list[CheckedFile] = []
    for origin, path in theme_paths(workspace):
        try:
            theme = read_theme(path)
        except GtsError as error:
            bad.append(file_with_errors(path, error))
        else:
            found[theme.name] = (origin, theme)
    return found, tuple(bad)


def _check_theme(path: Path) -> CheckedFile:
    from gts.formats.theme_file import read_theme

    try:
        read_theme(path)
    except GtsError as error:
        return file_with_errors(path, error)
    return CheckedFile(str(path), (), ())


COMMAND = Command(
    name="themes",
    summary="List the themes of the terminal program, or check theme files.",
    group="machine",
    run=run_themes,
    read_only=True,
    help="Themes are TOML files in `themes` of the workspace and of the user's settings; one with the name of a built-in theme "
    "replaces it. `gts themes check` lists every error of the named files, by default of all themes: the exit code is 2 if "
    "there is any.",
    arguments=(
        Argument(
            "what",
            "List the themes, or check files.",
            type="choice",
            choices=("list", "check"),
            required=False,
            default="list",
            metavar="list|check",
        ),
        Argument(
            "files",
            "Files to check; default: all themes.",
            "file",
            required=False,
            default=(),
            multiple=True,
            metavar="FILE",
        ),
    ),
    examples=("gts themes check themes/mine.toml",),
)
