"""Prints how readable the code is: sizes, names, docstrings, private uses, import cycles. It judges nothing and never fails.

python -m tests.report                          this working tree
python -m tests.report --list                   with ten places for every kind of docstring
python -m tests.report --root DIR               another working tree
python -m tests.report --durations FILE         also the times of the tests, from the output of `pytest --durations=0`
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LONG_FILE = 500
LONG_FUNCTION = 50
TOP = {"gts", "gts_tui", "workspace", "themes", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"}
"""What belongs at the top of the repository."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

DOCSTRINGS: Mapping[str, str] = {
    "what is/was/has/can": r"\bwhat(ever)? (is|was|are|were|has|have|had|can|could|may|must|shall|will|would|does|do|did)\b",
    "where (for if)": r"\bwhere (there|it|they|this|that|nothing|none|nobody|somebody|one|no|a|an|its|some|all)\b",
    "nobody/somebody/whoever/who": r"\b(nobody|somebody|anybody|everybody|whoever|who|whose|whom)\b",
    "a person": r"\b(a|the|one) person\b",
    "said/told/tells": r"\b(say|says|said|tell|tells|told|saying|telling)\b",
    "stands": r"\b(stand|stands|stood)\b",
    "anew": r"\banew\b",
    "one a member": r"\b(one|a line|a row|a key|a file|a folder|a column|a thread|a process) an? \w+",
}
"""Kinds of sentences that a stranger stumbles over, as expressions that find most of them."""


@dataclass(frozen=True)
class Module:
    """A Python file of the tree."""

    path: Path
    name: str
    """Dotted, as it is imported."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


def modules_of(root: Path, *packages: str) -> list[Module]:
    """The modules of some packages, by name; files that are no Python are left out with a line."""
    found = []
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        module = Module(path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path.read_text(encoding="utf-8"))
        try:
            module.tree  # noqa: B018 -- parsed here, so that what follows cannot fail
        except SyntaxError as error:
            print(f"left out: {path}: {error}")
            continue
        found.append(module)
    return found


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def report_sizes(root: Path, modules: Sequence[Module]) -> None:
    """Files by room, the longest files and functions, and names that say nothing."""
    heading("Sizes")
    for top in ("gts", "gts_tui"):
        folder = root / top
        mine = [module for module in modules if module.path.is_relative_to(folder)]
        rooms = Counter(_room(module.path.relative_to(folder)) for module in mine)
        print(f"{top}: {len(mine)} files, {sum(module.lines for module in mine)} lines, {rooms['(flat)']} of the files flat")
        print("   " + ", ".join(f"{room} {count}" for room, count in sorted(rooms.items())))
    for top in ("gts", "gts_tui", "gts/commands"):
        mine = [module for module in modules if module.path.is_relative_to(root / top)]
        longest = sorted(mine, key=lambda module: -module.lines)[:6]
        over = sum(module.lines > LONG_FILE for module in mine)
        shown = ", ".join(f"{_shown(root, module)} {module.lines}" for module in longest)
        print(f"longest of {top} ({over} over {LONG_FILE}): {shown}")
    functions = [
        (_function_lines(node), f"{_shown(root, module)}:{node.lineno} {node.name}")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = sorted((one for one in functions if one[0] > LONG_FUNCTION), reverse=True)
    print(f"functions over {LONG_FUNCTION} lines: {len(long)}")
    for lines, where in long[:10]:
        print(f"   {lines:4} {where}")
    empty = [_shown(root, module) for module in modules if EMPTY_NAMES & set(module.name.split("."))]
    print(f"names that say nothing: {', '.join(empty) or 'none'}")
    bare = [_shown(root, module) for module in modules if module.text and not ast.get_docstring(module.tree)]
    print(f"modules without a docstring: {', '.join(bare) or 'none'}")


def _room(path: Path) -> str:
    return path.parts[0] if len(path.parts) > 1 else "(flat)"


def _shown(root: Path, module: Module) -> str:
    return module.path.relative_to(root).as_posix()


def _function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def report_names(root: Path, modules: Sequence[Module]) -> None:
    """File, class and function names that occur twice or more."""
    heading("Names that occur twice")
    files, classes, functions = defaultdict(list), defaultdict(list), defaultdict(list)
    for module in modules:
        if module.path.stem not in ("__init__", "__main__"):
            files[module.path.stem].append(_shown(root, module))
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].append(_shown(root, module))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                functions[node.name].append(_shown(root, module))
    for kind, found in (("file names", files), ("public classes", classes), ("public functions", functions)):
        twice = {name: places for name, places in found.items() if len(places) > 1}
        print(f"{kind}: {len(twice)}")
        for name, places in sorted(twice.items(), key=lambda one: (-len(one[1]), one[0])):
            shown = places if len(places) <= 6 else [*places[:6], "…"]
            print(f"   {name} ×{len(places)}: {', '.join(shown)}")


def docstrings_of(module: Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every docstring, those under assignments included."""
    bodies = [
        node.body
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for body in bodies:
        for at, node in enumerate(body):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            if is_text and (at == 0 or isinstance(body[at - 1], ast.Assign | ast.AnnAssign)):
                yield node.lineno, node.value.value


def report_docstrings(root: Path, modules: Sequence[Module], places: bool) -> None:
    """How many docstrings hold each kind of sentence that a stranger stumbles over."""
    heading("Docstrings")
    docstrings = [(f"{_shown(root, module)}:{line}", text) for module in modules for line, text in docstrings_of(module)]
    print(f"all: {len(docstrings)}")
    for kind, pattern in DOCSTRINGS.items():
        found = [(where, match) for where, text in docstrings if (match := re.search(pattern, text, re.IGNORECASE))]
        print(f"{len(found):5} {kind}")
        for where, match in found[:10] if places else ():
            begin = max(0, match.start() - 30)
            print(f"         {where}  …{' '.join(match.string[begin : match.end() + 40].split())}…")


def private_names_of_textual() -> set[str]:
    """Private attributes and methods of Textual's classes; empty where Textual is not installed."""
    found = importlib.util.find_spec("textual")
    if found is None or not found.submodule_search_locations:
        return set()
    names: set[str] = set()
    for path in Path(found.submodule_search_locations[0]).rglob("*.py"):
        names |= _private_attributes(ast.parse(path.read_text(encoding="utf-8")))
    return names


def _private_attributes(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in ast.walk(owner):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_own(node):
                names.add(node.attr)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
            elif isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def report_private_uses(root: Path, modules: Sequence[Module]) -> None:
    """Where the terminal program uses private parts of Textual, by file."""
    heading("Private parts of Textual")
    mine = [module for module in modules if module.path.is_relative_to(root / "gts_tui")]
    private = private_names_of_textual()
    own = set().union(*(_private_attributes(module.tree) for module in mine)) if mine else set()
    total = 0
    for module in mine:
        uses = sorted({*_private_uses(module.tree, private, own), *_overrides(module.tree, private)})
        if uses:
            total += len(uses)
            shown = ", ".join(f"{name}{'?' if name in own else ''}:{line}" for line, name in uses)
            print(f"   {_shown(root, module)} ({len(uses)}): {shown}")
    print(f"{total} uses in gts_tui; a question mark follows a name that gts_tui gives to attributes of its own, too")


def _private_uses(tree: ast.Module, private: set[str], own: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in private and not (_is_own(node) and node.attr in own):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "textual":
            hidden = any(part.startswith("_") for part in (node.module or "").split("."))
            yield from ((node.lineno, one.name) for one in node.names if hidden or one.name.startswith("_"))


def _overrides(tree: ast.Module, private: set[str]) -> Iterator[tuple[int, str]]:
    """Private methods of Textual that subclasses define; `_on_…` is Textual's way to name handlers."""
    froms = [node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual")]
    bases = {one.asname or one.name for node in froms for one in node.names}
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        if bases & {base.value.id if isinstance(base, ast.Subscript) else base.id for base in owner.bases if _is_name(base)}:
            methods = [node for node in owner.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from (
                (node.lineno, f"def {node.name}")
                for node in methods
                if node.name in private and not node.name.startswith("_on_")
            )


def _is_name(node: ast.expr) -> bool:
    return isinstance(node.value if isinstance(node, ast.Subscript) else node, ast.Name)


def imports_of(module: Module, known: set[str], *, all_of_them: bool) -> set[str]:
    """The modules that a module imports: at load alone, or also in functions and for types."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(module.tree.body)
    while waiting:
        node = waiting.pop()
        if not all_of_them and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_for_types(node)):
            continue
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = _source_of(module, node)
            found |= {f"{source}.{one.name}" if f"{source}.{one.name}" in known else source for one in node.names}
        waiting.extend(ast.iter_child_nodes(node))
    return (found & known) - {module.name}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _source_of(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def cycles_in(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other in circles (strongly connected components), largest first."""
    order: list[str] = []
    seen: set[str] = set()
    for start in graph:
        stack = [(start, iter(sorted(graph[start])))] if start not in seen else []
        seen.add(start)
        while stack:
            node, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(sorted(graph[following]))))
    importers: dict[str, set[str]] = {name: set() for name in graph}
    for name, imported in graph.items():
        for one in imported:
            importers[one].add(name)
    groups, placed = [], set[str]()
    for start in reversed(order):
        group, waiting = [], [start]
        while waiting:
            node = waiting.pop()
            if node not in placed:
                placed.add(node)
                group.append(node)
                waiting.extend(importers[node])
        if len(group) > 1:
            groups.append(sorted(group))
    return sorted(groups, key=lambda group: (-len(group), group))


def report_cycles(modules: Sequence[Module]) -> None:
    """Import cycles: of what is executed at load, and with imports in functions and for types."""
    heading("Import cycles")
    known = {module.name for module in modules}
    for kind, all_of_them in (("at load", False), ("with imports in functions and for types", True)):
        found = cycles_in({module.name: imports_of(module, known, all_of_them=all_of_them) for module in modules})
        print(f"{kind}: {len(found)}")
        for group in found:
            print(f"   {len(group)} modules: {', '.join(group)}")


def report_top(root: Path) -> None:
    """Files and folders at the top of the repository that do not belong there."""
    heading("At the top")
    entries = {path.name for path in root.iterdir() if not path.name.startswith(".")}
    print(f"more than belongs there: {', '.join(sorted(entries - TOP)) or 'nothing'}")


def report_durations(path: Path) -> None:
    """Where the time of the tests goes, from pytest's list of durations."""
    heading("Durations of the tests")
    line = re.compile(r"^\s*([\d.]+)s (setup|call|teardown)\s+(\S.*?)\s*$")
    tests: Counter[str] = Counter()
    for match in map(line.match, path.read_text(encoding="utf-8").splitlines()):
        if match:
            tests[match[3]] += float(match[1])  # type: ignore[assignment]
    files: Counter[str] = Counter()
    for test, seconds in tests.items():
        files[test.partition("::")[0]] += seconds  # type: ignore[assignment]
    print(f"{sum(tests.values()):.0f} s in {len(tests)} tests of {len(files)} files; the slowest files and tests:")
    for name, seconds in [*files.most_common(25), *tests.most_common(40)]:
        print(f"   {seconds:7.1f} s  {name}")


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the working tree")
    parser.add_argument("--list", action="store_true", help="show the first ten places of every kind of docstring")
    parser.add_argument("--durations", type=Path, help="output of `pytest --durations=0`")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    modules = modules_of(root, "gts", "gts_tui")
    report_top(root)
    report_sizes(root, modules)
    report_names(root, modules)
    report_docstrings(root, modules, arguments.list)
    report_private_uses(root, modules)
    report_cycles(modules)
    if arguments.durations is not None and arguments.durations.exists():
        report_durations(arguments.durations)


if __name__ == "__main__":
    main()
