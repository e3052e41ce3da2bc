"""What the project's own source says about calls to Amazon: who calls which operation, through which verb.

Functions of the seams (portal.s3, portal.aws) are nodes; what one names, it may call. An operation
is a client's method that is called, or named in a text (paginators, waiters, `getattr`). Its
parameters are the names that a verb's functions mention: more than is ever sent at once, never less.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.house.source import Module, is_below, modules

SEAMS = ("portal.s3", "portal.aws")
# Asks other stores alone: `test_source` holds it to that.
NEVER_AT_AMAZON = "portal.s3.elsewhere"
# Which functions reach Amazon in a way that names no operation.
BY_OTHER_MEANS = {"AssumeRoleCredentialFetcher": "AssumeRole"}
# Methods of boto3 that hide which operations they call: the seam uses none of them.
MANAGED = {
    "copy", "copy_file", "download_file", "download_fileobj", "generate_presigned_post", "upload_file",
    "upload_fileobj",
}  # fmt: skip
# What a deletion destroys is said by a parameter: of these, the call itself must send it, and with a
# version's id it is another operation than without.
SAID_AT_THE_CALL = ("DeleteObject", "DeleteObjects")
# A parameter that is sent only when the verb is told to, by a keyword of this name.
SWITCHED_BY = {"BypassGovernanceRetention": "bypass_governance"}
# Through Django's settings: who saves a file calls the storage.
STORAGE = "portal.s3.storage.PhotoStorage"


@dataclass(frozen=True, order=True)
class Site:
    """Where an operation is called: it, and "portal/s3/objects.py:42"."""

    operation: str
    place: str
    function: str
    sent: frozenset[str] = frozenset()  # parameters that stand at the call


@dataclass
class Function:
    """A function or class of a seam: what it names, and what it calls."""

    name: str
    sites: set[Site] = field(default_factory=set)
    words: set[str] = field(default_factory=set)  # keywords and texts: among them, names of parameters
    names: set[str] = field(default_factory=set)  # other functions of the seams


@cache
def methods(service: str) -> dict[str, str]:
    """Return the operations of a service by the names of the client's methods and of its waiters."""
    loaded = botocore.session.get_session()
    model = loaded.get_service_model(service)
    found = {xform_name(name): name for name in model.operation_names}
    try:
        waiters = loaded.get_waiter_model(service)
    except UnknownServiceError:
        return found  # it has none
    named = {xform_name(name): waiters.get_waiter(name).operation for name in waiters.waiter_names}
    return found | named


@cache
def functions() -> dict[str, Function]:
    """Return every function and class of the seams by its dotted name."""
    found: dict[str, Function] = {}
    for name, module in modules().items():
        if is_below(name, *SEAMS) and name != NEVER_AT_AMAZON:
            for node in module.tree.body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[f"{name}.{node.name}"] = _function(module, node)
    return found


def sites_of(verb: str, *, mentioned: frozenset[str] = frozenset()) -> set[Site]:
    """Return what the verb may call, with a site more for each parameter that needs a right of its own.

    `mentioned`: the words of whoever calls the verb, for parameters that it switches on.
    """
    known = functions()
    reached, waiting = set(), [verb]
    while waiting:
        current = waiting.pop()
        if current not in reached and current in known:
            reached.add(current)
            waiting += known[current].names
    everywhere = {word for name in reached for word in known[name].words}
    found = set()
    for name in reached:
        for site in known[name].sites:
            at_call = site.operation in SAID_AT_THE_CALL
            if not (at_call and "VersionId" in site.sent):
                found.add(site)
            for word in site.sent if at_call else everywhere:
                switch = SWITCHED_BY.get(word)
                if switch is None or switch in mentioned:
                    found.add(Site(f"{site.operation}:{word}", site.place, site.function))
    return found


def verbs_of(module: Module) -> set[str]:
    """Return the functions of the seams that a module of the portal names."""
    known = functions()
    aliases = _aliases(module)
    found = set()
    for node in ast.walk(module.tree):
        dotted = _resolved(node, aliases)
        if dotted in known:
            found.add(dotted)
    if any(one.name == "django.core.files.storage.default_storage" for one in module.imports):
        found.add(STORAGE)
    return found


def words_of(module: Module) -> frozenset[str]:
    """Return the keywords and texts of a module."""
    return frozenset(_words(module.tree))


def _function(module: Module, node: ast.FunctionDef | ast.ClassDef) -> Function:
    aliases = _aliases(module) | {
        one.name: f"{module.name}.{one.name}"
        for one in module.tree.body
        if isinstance(one, ast.FunctionDef | ast.ClassDef)
    }
    found = Function(f"{module.name}.{node.name}", words=set(_words(node)))
    services = _services(module, node)
    for inner in ast.walk(node):
        dotted = _resolved(inner, aliases)
        if dotted:
            found.names.add(dotted)
        for operation in _operations(inner, services):
            place = f"{module}:{getattr(inner, 'lineno', node.lineno)}"
            found.sites.add(Site(operation, place, found.name, _sent(inner, node)))
    return found


def _sent(call: ast.AST, function: ast.AST) -> frozenset[str]:
    """Return the words of a call, and of what the function puts into a dictionary that is spread in it."""
    if not isinstance(call, ast.Call):
        return frozenset()
    spread = {one.value.id for one in call.keywords if one.arg is None and isinstance(one.value, ast.Name)}
    found = set(_words(call))
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id in spread for one in targets):
                found |= set(_words(node))
    return frozenset(found)


def _operations(node: ast.AST, services: tuple[str, ...]) -> Iterator[str]:
    said = ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        said = node.func.attr
        assert said not in MANAGED or not _is_client(node.func.value), f"{said} hides what it calls"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
        said = node.value
    elif isinstance(node, ast.Name) and node.id in BY_OTHER_MEANS:
        yield BY_OTHER_MEANS[node.id]
    for service in services:
        if said in methods(service):
            before = "Account." if service == "s3control" else ""
            yield f"{before}{methods(service)[said]}"
            return


def _is_client(node: ast.AST) -> bool:
    return "client" in ast.unparse(node)


def _services(module: Module, node: ast.AST) -> tuple[str, ...]:
    """Return the services whose methods a function may call: the account's alone where it asks for that."""
    if is_below(module.name, "portal.s3"):
        return ("s3control", "s3", "sts") if "control_client" in ast.unparse(node) else ("s3", "sts")
    called = [one for one in ast.walk(module.tree) if isinstance(one, ast.Call) and one.args]
    named = [one.args[0].value for one in called if isinstance(one.args[0], ast.Constant)]
    return tuple(dict.fromkeys(str(one) for one in named if one in _all_services()))


@cache
def _all_services() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def _aliases(module: Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return {alias: name for alias, name in found.items() if is_below(name, *SEAMS)}


def _resolved(node: ast.AST, aliases: dict[str, str]) -> str:
    """Return the dotted name that an expression means, if it leads into a seam."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
        return f"{aliases[node.value.id]}.{node.attr}"
    return ""
