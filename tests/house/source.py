"""The project's source as the house rules see it: modules, their trees, and who imports whom."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "pets", "photos", "storage_admin")
BESIDE = ("tests", "benchmarks", ".ci")


@dataclass(frozen=True)
class Import:
    """One import: the dotted name asked for, as deep as the statement tells, and where it stands."""

    name: str
    line: int
    function: str  # the innermost function around it; empty at the top of the module
    for_types_only: bool  # inside `if TYPE_CHECKING`


class Module:
    """One Python file of the project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        parts = path.relative_to(ROOT).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.package = self.name if parts[-1] == "__init__" else self.name.rpartition(".")[0]

    def __repr__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def imports(self) -> list[Import]:
        return list(_imports(self.tree, self.package))

    def imports_of(self, *packages: str) -> list[Import]:
        """Return the imports, also those for types, from the packages and all below them."""
        return [found for found in self.imports if is_below(found.name, *packages)]

    def has_part(self, word: str) -> bool:
        """Return whether a part of the dotted name is the word."""
        return word in self.name.split(".")


def is_below(name: str, *packages: str) -> bool:
    """Return whether the dotted name is one of the packages, or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@lru_cache(maxsize=1)
def modules() -> dict[str, Module]:
    """Return the modules of the portal itself by name, without migrations."""
    found = [Module(path) for top in APPS for path in sorted((ROOT / top).rglob("*.py"))]
    return {module.name: module for module in found if not module.has_part("migrations")}


def python_files() -> list[Module]:
    """Return every Python file that people write: the portal, its tests, benchmarks and CI."""
    beside = [Module(path) for top in BESIDE for path in sorted((ROOT / top).rglob("*.py"))]
    return [*modules().values(), Module(ROOT / "manage.py"), *beside]


def files(pattern: str) -> list[Path]:
    """Return the files of the apps that match, such as "*.html"."""
    return [path for top in APPS for path in sorted((ROOT / top).rglob(pattern))]


def project_module(name: str) -> Module | None:
    """Return the module that an imported name lies in: `photos.keys.ORIGINALS` lies in `photos.keys`."""
    while name:
        if name in modules():
            return modules()[name]
        name = name.rpartition(".")[0]
    return None


def leads_to(module: Module) -> set[str]:
    """Return the outside packages that the module brings in, itself or by the project modules it imports."""
    seen: set[str] = set()
    outside: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current.name in seen:
            continue
        seen.add(current.name)
        for found in current.imports:
            inside = project_module(found.name)
            if inside is not None:
                waiting.append(inside)
            elif not found.for_types_only:
                outside.add(found.name.partition(".")[0])
    return outside


def _imports(
    node: ast.AST, package: str, function: str = "", for_types_only: bool = False
) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inside, typing = function, for_types_only
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = child.name
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            typing = True
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, function, for_types_only)
        elif isinstance(child, ast.ImportFrom):
            base = _base(child, package)
            for alias in child.names:
                yield Import(f"{base}.{alias.name}".strip("."), child.lineno, function, for_types_only)
        yield from _imports(child, package, inside, typing)


def _base(statement: ast.ImportFrom, package: str) -> str:
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    above = ".".join(parts[: len(parts) - statement.level + 1])
    return f"{above}.{statement.module}" if statement.module else above
