"""The table of features against the source, in both directions."""

import ast
from collections import defaultdict

import pytest

from portal.aws.actions import ACTIONS as OF_SERVICES
from portal.s3.actions import ACTIONS as OF_S3
from storage_admin.rights.features import FEATURES, Side
from tests.house.source import is_below, modules
from tests.storage_admin.rights import derived
from tests.storage_admin.rights.callers import ALSO_LOOK, CALLERS, NEVER_SENT, NOT_GRANTED, PROBES, Caller
from tests.storage_admin.rights.derived import SEAMS, Site

ACTIONS = OF_S3 | OF_SERVICES
READS = ("Get", "List", "Head", "Account.Get")
# In every client's session: the keys that take a role on need it, not the role.
OF_KEYS = "AssumeRole"

Found = dict[tuple[str, str], dict[str, set[str]]]


def nearest(module: str) -> Caller | None:
    """Return what is said of the module, or of the nearest package above it."""
    while module:
        if module in CALLERS:
            return CALLERS[module]
        module = module.rpartition(".")[0]
    return None


def calls() -> dict[str, dict[Site, str]]:
    """Return for each module of the portal what it may call, and through which verb."""
    found: dict[str, dict[Site, str]] = {}
    for name, module in modules().items():
        if is_below(name, *SEAMS) or name in NOT_GRANTED:
            continue
        for verb in derived.verbs_of(module) - set(PROBES):
            for site in derived.sites_of(verb, mentioned=derived.words_of(module)):
                needs_more = ":" not in site.operation or site.operation in ACTIONS
                if needs_more and site.operation != OF_KEYS and (name, site.operation) not in NEVER_SENT:
                    found.setdefault(name, {})[site] = verb
    return found


CALLS = calls()


def asked() -> Found:
    """Return by feature and side the operations, each with the ways in which it is called."""
    found: Found = defaultdict(lambda: defaultdict(set))
    for module, sites in CALLS.items():
        caller = nearest(module)
        for site, verb in sites.items() if caller else ():
            assert caller is not None
            way = f"{site.operation} at {site.place}, by {verb}, for {module}"
            for side in caller.sides:
                found[caller.feature, side][site.operation].add(way)
                if caller.feature in ALSO_LOOK and site.operation.startswith(READS) and side == Side.WEB:
                    found["look", side][site.operation].add(way)
    return found


ASKED = asked()


def test_module_for_other_stores_asks_amazon_nothing() -> None:
    """Each of its functions ends at once there, before any call."""
    tree = modules()[derived.NEVER_AT_AMAZON].tree
    verbs = [one for one in tree.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]
    firsts = {one.name: one.body[1] for one in verbs}  # after the docstring

    assert firsts
    for name, first in firsts.items():
        assert isinstance(first, ast.If), name
        assert ast.unparse(first.test).startswith("session.connection(alias).is_at_amazon"), name
        assert isinstance(first.body[0], ast.Return), name


def test_every_caller_has_a_feature() -> None:
    unknown = [
        f"{module} calls {site.operation} ({site.place}, by {verb}): add it to callers.py"
        for module, sites in CALLS.items()
        if nearest(module) is None
        for site, verb in sites.items()
    ]

    assert not unknown, "\n".join(unknown)


def test_every_operation_of_the_seams_has_its_actions() -> None:
    """Also those that nobody asks for now: a refusal must name the right."""
    lacking = {
        f"{site.operation}, called at {site.place}: which IAM action does it need? Add a line to "
        f"{site.function.rpartition('.')[0].rpartition('.')[0]}.actions"
        for function in derived.functions().values()
        for site in function.sites
        if site.operation not in ACTIONS
    }

    assert not lacking, "\n".join(sorted(lacking))


def test_no_line_of_actions_is_left_over() -> None:
    called = {site.operation for one in derived.functions().values() for site in one.sites}
    left = {operation for operation in ACTIONS if operation.partition(":")[0] not in called}

    assert not left, f"Nobody calls {', '.join(sorted(left))}"


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.slug)
def test_feature_asks_for_exactly_what_its_modules_can_call(feature, side) -> None:
    granted = feature.operations(side)
    ways = ASKED.get((feature.slug, side.value), {})
    wrong = [
        f"{feature.slug} lacks for {side}: {'; or '.join(sorted(ways[operation])[:3])}"
        for operation in sorted(ways.keys() - granted)
    ]
    wrong += [
        f"{feature.slug} has for {side}, but calls nowhere: {operation}"
        for operation in sorted(granted - ways.keys())
    ]

    assert not wrong, "\n".join(wrong)


def test_features_of_the_table_are_those_of_the_callers() -> None:
    assert {one.feature for one in CALLERS.values()} == {one.slug for one in FEATURES}


def test_every_name_of_the_callers_is_a_module_that_calls() -> None:
    """A module that was renamed would leave its line behind, and its successor fall under the package's."""
    idle = [
        name for name in CALLERS if not any(is_below(module, name) for module in CALLS)
    ]  # fmt: skip

    assert not idle
    assert not [name for name in NOT_GRANTED if name not in modules()]
    assert not [verb for verb in PROBES if verb not in derived.functions()]


def test_exception_of_what_is_never_sent_is_needed() -> None:
    """Each would be asked for, were it not for its line."""
    for module, operation in NEVER_SENT:
        verbs = derived.verbs_of(modules()[module])
        reached = {site.operation for verb in verbs for site in derived.sites_of(verb)}
        assert operation in reached, f"{module} cannot call {operation} any more: take the line away"


def test_reading_of_the_source_sees_what_is_known_to_be_called() -> None:
    """The reading itself: should the seam be written otherwise, nothing would be found."""
    purge = {site.operation for site in CALLS["storage_admin.purge"]}
    waits = {site.operation for site in derived.sites_of("portal.s3.waiting.until_bucket_exists")}
    pages = {site.operation for site in derived.sites_of("portal.s3.uploads.every")}
    hides = {site.operation for site in derived.sites_of("portal.s3.delete_markers.hide")}

    assert {"DeleteObjects:VersionId", "ListObjectVersions"} <= purge
    assert not purge & {"DeleteObject", "DeleteObjects", "DeleteObjects:BypassGovernanceRetention"}
    assert "HeadBucket" in waits
    assert "ListMultipartUploads" in pages
    assert "DeleteObject" in hides
    assert "DeleteObject:VersionId" not in hides


def test_a_task_alone_does_what_jobs_do() -> None:
    """Why jobs are the workers' side: the engine alone acts, and tasks and commands alone run it."""
    acting = [name for name, module in modules().items() if ".act(job, " in module.text]
    running = {
        name
        for name, module in modules().items()
        if any(one.name.startswith("storage_admin.jobs.running") for one in module.imports)
    }

    # Kinds hand on to their own kind of acting.
    assert [name for name in acting if not is_below(name, "storage_admin.jobs.kinds")] == [
        "storage_admin.jobs.running"
    ]
    # The last is a line of the timetable, which a task runs.
    allowed = {"storage_admin.tasks", "storage_admin.jobs.command", "storage_admin.schedules.acts.jobs"}
    assert running <= allowed, running - allowed
