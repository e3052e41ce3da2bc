"""Imports run one way. Each rule is a sentence of docs/architecture.md."""

import ast

import pytest

from tests.house.source import Module, is_below, leads_to, modules, project_module, python_files

AMAZON = ("boto3", "botocore", "s3transfer", "mypy_boto3_s3", "storages")
IMAGE_LIBRARIES = ("PIL", "pillow_heif", "pyvips")
IMAGE_MODULES = ("photos.imaging", "photos.decoding", "photos.drawing")
PURE = (
    "pets.microchip",
    "photos.decoding",
    "photos.drawing",
    "photos.exif",
    "photos.formats",
    "photos.imaging",
    "photos.keys",
    "photos.refusals",
    "portal.env",
    "storage_admin.analytics.layout",
    "storage_admin.arrivals.naming",
    "storage_admin.exports.assembling",
    "storage_admin.exports.names",
    "storage_admin.exports.zip_format",
)
# They load pyarrow: 40 MB.
HEAVY = {
    "portal.s3.inventory_arrow",
    "storage_admin.analytics.columns",
    "storage_admin.analytics.parquet",
}
DESTRUCTION = ("portal.s3.objects", "storage_admin")

# From what people see down to what is stored: a rung imports only from its own and from lower ones.
LADDERS = {
    "pets": (
        ("admin",),
        ("pet_pages", "providers", "inlines"),
        ("filters", "forms"),
        ("services", "owner_services"),
        ("search", "changes"),
        ("models",),
        ("querysets", "fields"),
        ("choices", "microchip", "errors"),
    ),
    "photos": (
        ("admin",),
        ("views", "upload_views", "panel"),
        ("forms", "filters", "display", "search", "today"),
        ("services", "upload", "replacement", "recovery", "incoming"),
        ("tasks",),
        ("processing", "sweeps"),
        ("deriving",),
        ("states", "arrival", "duplicates", "renditions", "links"),
        ("models",),
        ("querysets",),
        ("choices", "errors"),
        ("imaging",),
        ("decoding", "exif", "keys", "drawing"),
        ("refusals",),
        ("formats",),
    ),
    "storage_admin": (
        ("admin",),
        ("jobs.from_photos",),
        ("analytics.tasks",),
        ("sharing.register",),
        ("sharing.pages", "sharing.views", "urls"),
        ("audit_links",),
        (
            "buckets.posture_pages",
            "buckets.visibility_pages",
            "buckets.usage_pages",
            "connections.pages",
            "inventory.pages",
            "reconciliation.pages",
            "time_machine.pages",
            "buckets.columns",
            "today",
            "services_today",
            "arrivals.register",
        ),
        ("analytics.register", "glue.register"),
        (
            "objects.browser_pages",
            "objects.upload_pages",
            "objects.version_pages",
            "buckets.pages",
            "jobs.pages",
            "schedules.pages",
        ),
        ("objects.pages", "objects.form_pages", "buckets.setting_pages"),
        ("store_pages",),
        ("templatetags",),
        ("buckets.navigation",),
        ("objects.restore_form",),
        (
            "objects.tags_form",
            "objects.metadata_form",
            "objects.class_form",
            "objects.encryption_form",
            "objects.upload_forms",
            "objects.destroy_forms",
        ),
        ("objects.access_forms", "objects.lock_forms", "objects.copy_forms"),
        ("objects.rewriting",),
        ("objects.forms", "buckets.forms"),
        ("objects.comparing",),
        ("objects.browsing", "objects.facts", "objects.acts", "buckets.history", "jobs.facts"),
        ("handover.facts",),
        ("handover.services",),
        ("buckets.usage_facts", "connections.facts", "rights.policies"),
        ("rights.features",),
        ("inventory.search_form",),
        ("inventory.searching",),
        ("reconciliation.shown",),
        ("exports.panel",),
        ("time_machine.looking", "time_machine.moments"),
        ("buckets.visibility_words", "buckets.posture_fixes", "buckets.filters", "jobs.filters"),
        ("schedules.facts", "schedules.services"),
        ("schedules.tasks",),
        ("schedules.running", "schedules.sightings"),
        ("schedules.claims", "schedules.acts"),
        ("schedules.act", "schedules.timetable"),
        ("schedules.timing",),
        ("objects.reasons",),
        ("sharing.forms", "objects.previews"),
        ("sharing.links", "sharing.endings"),
        ("objects.downloads",),
        ("objects.copies",),
        ("objects.uploading",),
        ("objects.destroying",),
        ("objects.changes", "objects.archive", "objects.access", "objects.locks"),
        ("jobs.services", "jobs.command", "reconciliation.services", "analytics.services", "glue.services"),
        (
            "exports.services",
            "arrivals.services",
            "objects.authorship",
            "objects.tags",
            "buckets.services",
            "buckets.connecting",
            "buckets.visibility",
        ),
        ("arrivals.setup",),
        ("arrivals.tasks",),
        ("arrivals.consuming", "arrivals.looking"),
        ("arrivals.notices", "arrivals.taking"),
        ("arrivals.queue_state", "arrivals.order"),
        ("arrivals.sources", "arrivals.naming"),
        ("tasks",),
        ("analytics.running",),
        ("analytics.tidying",),
        ("analytics.parquet",),
        ("analytics.tables",),
        (
            "exports.expiry",
            "purge",
            "buckets.posture",
            "buckets.usage",
            "glue.running",
            "jobs.running",
            "jobs.planning",
            "reconciliation.scanning",
        ),
        ("handover.working",),
        ("handover.batch", "handover.watching"),
        ("handover.manifest", "handover.reports", "handover.rules"),
        ("handover.operations", "handover.steps"),
        ("buckets.changes", "jobs.allowed", "jobs.ending"),
        ("reconciliation.acls", "reconciliation.from_report", "reconciliation.from_list"),
        ("reconciliation.alarms",),
        ("reconciliation.findings",),
        ("reconciliation.comparing", "reconciliation.staging"),
        ("reconciliation.wanted",),
        ("reconciliation.found",),
        ("jobs.kinds",),
        ("reconciliation.repairing",),
        ("reconciliation.repairs",),
        ("objects.services",),
        ("jobs.outcomes",),
        ("jobs.batches",),
        ("jobs.protection", "jobs.following", "jobs.rewriting", "jobs.choosing"),
        ("jobs.one_by_one",),
        ("jobs.kind", "jobs.claims"),
        ("jobs.costs",),
        ("jobs.targets",),
        ("jobs.history", "jobs.photo_rows", "jobs.ranking"),
        ("buckets.looking", "buckets.posture_checks", "buckets.sums"),
        ("buckets.prefixes",),
        ("exports.contents", "exports.directory", "exports.uploading"),
        ("objects.gathering", "objects.seen"),
        ("inventory.reports",),
        ("addresses", "traces", "schedules.rounds", "analytics.asking", "glue.asking", "glue.forms"),
        ("exports.register",),
        ("models",),
        ("glue.arguments",),
        ("bucket_settings",),
        (
            "errors",
            "objects.pairs",
            "grants",
            "typed_word",
            "prices",
            "price_offers",
            "quarantine",
            "analytics.queue",
        ),
        ("exports.assembling",),
        ("exports.names", "exports.zip_format", "analytics.columns", "analytics.layout"),
    ),
}


def offences(*found: str) -> str:
    return "\n".join(found)


def test_settings_import_nothing_of_the_project_but_env() -> None:
    inside = {found.name for found in modules()["portal.settings"].imports if project_module(found.name)}

    assert inside == {"portal.env"}


def test_env_imports_nothing_of_the_project() -> None:
    assert not [found for found in modules()["portal.env"].imports if project_module(found.name)]


def test_s3_seam_imports_no_app_and_no_model() -> None:
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for name, module in modules().items()
        if is_below(name, "portal.s3")
        for found in module.imports
        if (inside := project_module(found.name)) and not is_below(inside.name, "portal.s3")
    ]

    assert not wrong, offences(*wrong)


@pytest.mark.parametrize(
    ("app", "above"),
    [
        ("portal", ("pets", "photos", "storage_admin")),
        ("pets", ("photos", "storage_admin")),
        ("photos", ("storage_admin",)),
    ],
)
def test_app_knows_nothing_of_the_apps_above_it(app: str, above: tuple[str, ...]) -> None:
    """But for admin.py, a leaf: it puts any app's pieces on its pages."""
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for name, module in modules().items()
        if is_below(name, app) and name != f"{app}.admin"
        for found in module.imports_of(*above)
    ]

    assert not wrong, offences(*wrong)


def test_admin_modules_are_leaves() -> None:
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for module in modules().values()
        for found in module.imports
        if (inside := project_module(found.name)) and inside.name.endswith(".admin")
    ]

    assert not wrong, offences(*wrong)


@pytest.mark.parametrize("name", PURE)
def test_pure_module_leads_to_no_django_and_no_boto(name: str) -> None:
    assert name in modules(), f"{name} is gone: take it from the list of pure modules."
    assert not leads_to(modules()[name]) & {"django", "celery", *AMAZON}


def test_boto_is_imported_in_the_seams_alone() -> None:
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for name, module in modules().items()
        if not is_below(name, "portal.s3") and not is_below(name, "portal.aws")
        for found in module.imports_of(*AMAZON)
    ]

    assert not wrong, offences(*wrong)


def test_image_libraries_are_imported_by_the_picture_code_alone() -> None:
    wrong = [
        f"{module}:{found.line} imports {found.name}"
        for name, module in modules().items()
        if name not in IMAGE_MODULES
        for found in module.imports_of(*IMAGE_LIBRARIES)
    ]

    assert not wrong, offences(*wrong)


def test_versions_are_deleted_by_storage_admin_alone() -> None:
    wrong = [
        f"{module}:{line} deletes versions"
        for name, module in modules().items()
        if not is_below(name, *DESTRUCTION)
        for line in _uses(module, "delete_versions")
    ]

    assert not wrong, offences(*wrong)


def test_storage_admin_does_delete_versions() -> None:
    """The rule above would hold, too, should the verb get another name."""
    assert _uses(modules()["storage_admin.purge"], "delete_versions")


@pytest.mark.parametrize("app", LADDERS)
def test_modules_of_an_app_import_downwards(app: str) -> None:
    depth = {f"{app}.{stem}": rung for rung, stems in enumerate(LADDERS[app]) for stem in stems}

    wrong = [
        f"{module}:{found.line} imports {target} from above"
        for name, module in modules().items()
        if (here := _rung(name, depth)) is not None
        for found in module.imports
        if not found.for_types_only
        if (target := project_module(found.name)) is not None
        and (there := _rung(target.name, depth)) is not None
        and there < here
    ]

    assert not wrong, offences(*wrong)


def test_no_module_is_imported_in_a_circle() -> None:
    """Whoever needs an import in a function to break a circle has a room in the wrong place."""
    reached = {name: _neighbours(module) for name, module in modules().items()}
    in_circle = sorted(name for name in reached if name in _closure(name, reached))

    assert not in_circle, f"They import each other: {', '.join(in_circle)}"


def test_imports_stand_at_the_top() -> None:
    """But in `AppConfig.ready`, which runs when models may be imported, and in manage.py (Django's own).

    And what would weigh down every process for the sake of a few (`test_weight`) is imported by who needs it.
    """
    wrong = [
        f"{module}:{found.line} imports {found.name} in {found.function}()"
        for module in python_files()
        if module.name != "manage" and not is_below(module.name, "tests", "benchmarks")
        for found in module.imports
        if found.function and not (found.function == "ready" and module.path.name == "apps.py")
        if found.name not in HEAVY
    ]

    assert not wrong, offences(*wrong)


def _rung(name: str, depth: dict[str, int]) -> int | None:
    while name:
        if name in depth:
            return depth[name]
        name = name.rpartition(".")[0]
    return None


def _uses(module: Module, verb: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr == verb)
        or (isinstance(node, ast.Name) and node.id == verb)
        or (isinstance(node, ast.alias) and node.name == verb)
    ]


def _neighbours(module: Module) -> set[str]:
    found = {
        inside.name
        for one in module.imports
        if not one.function and not one.for_types_only and (inside := project_module(one.name))
    }
    # A package's __init__ names its parts, and they may name it: that is what packages are.
    return {name for name in found if not is_below(module.name, name) and not is_below(name, module.name)}


def _closure(start: str, reached: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in reached[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return seen
