"""`manage.py iam_policy`: prints the rights that the portal needs at Amazon, and asks nobody."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from photos import keys
from portal.s3 import session
from portal.s3.types import Connection
from storage_admin.arrivals import queue_state, sources
from storage_admin.mirror import items
from storage_admin.models import Bucket, MirrorItem
from storage_admin.rights import policies
from storage_admin.rights.features import FEATURES, Feature, Side, Where
from storage_admin.rights.policies import Places

# Not a part of the portal, but of how it comes to its keys: printed only when it is asked for.
ROLE = "role"


class Command(BaseCommand):
    """JSON on stdout; what to fill in, and what to know, on stderr."""

    help = (
        "Print the IAM policies with exactly the rights that the features switched on need: one for web, "
        "one for the workers, one for the set-up commands; or one of them alone. Asks no store."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(one.slug for one in FEATURES)
        parser.add_argument(
            "--feature",
            action="append",
            choices=[*(one.slug for one in FEATURES), ROLE],
            metavar="NAME",
            help=f"only this one, repeatable: {names}; or {ROLE}, what the keys need that take on the role",
        )
        parser.add_argument("--for", dest="side", choices=[one.value for one in Side], help="only this side")
        parser.add_argument("--connection", default=session.DEFAULT, help="the connection's name")
        parser.add_argument(
            "--bucket", action="append", metavar="NAME",
            help="instead of the buckets that the portal knows, repeatable; may end in *",
        )  # fmt: skip
        parser.add_argument("--account", default="", help="the account's number (default: S3_EXPECTED_OWNER)")
        parser.add_argument(
            "--kms-key", action="append", default=[], metavar="ARN", help="a key that encrypts objects"
        )
        parser.add_argument("--list", action="store_true", help="list the features, and ask for nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["list"]:
            for one in FEATURES:
                self.stdout.write(f"{one.slug:<10} {'on ' if one.is_on() else 'off'} {one.title}")
            return
        if options["connection"] not in settings.S3_CONNECTIONS:
            names = ", ".join(settings.S3_CONNECTIONS)
            raise CommandError(f"There is no connection “{options['connection']}”. There are: {names}.")
        chosen = session.connection(options["connection"])
        if options["feature"] == [ROLE]:
            self._role(chosen)
            return
        features = _features(chosen, options["feature"])
        places = _places(chosen, options)
        sides = [Side(options["side"])] if options["side"] else list(Side)
        found = {side.value: policies.document(features, side, places) for side in sides}
        printed = found[options["side"]] if options["side"] else found
        self.stdout.write(json.dumps(printed, indent=2))
        self._tell(chosen, features, places, found, all_sides=not options["side"])

    def _role(self, chosen: Connection) -> None:
        if not chosen.role_arn:
            raise CommandError(f"The connection “{chosen.alias}” takes on no role.")
        self.stdout.write(json.dumps(policies.role_document(chosen.role_arn), indent=2))

    def _tell(
        self,
        chosen: Connection,
        features: list[Feature],
        places: Places,
        found: dict[str, dict[str, Any]],
        *,
        all_sides: bool,
    ) -> None:
        told = [f"Features: {', '.join(one.slug for one in features)}."]
        told += policies.lacking(list(found.values()))
        if all_sides:
            told.append("These are the documents of three policies, by side; --for prints one.")
        for side, policy in found.items():
            letters = policies.letters(policy)
            if letters > policies.MOST_LETTERS:
                told.append(
                    f"{side}: {letters:,} letters; a managed policy holds {policies.MOST_LETTERS:,}. "
                    "Print it by --feature, or give --bucket a name that ends in *."
                )
        if any(
            "s3:CreateBucket" in one["Action"] for policy in found.values() for one in policy["Statement"]
        ):
            told.append("Buckets are made with these names only; --bucket 'NAME-*' lets in more.")
        if not places.kms_keys and _has_kms(chosen):
            told.append("A bucket here is encrypted with KMS: --kms-key ARN adds the rights to the key.")
        if chosen.role_arn:
            told.append(f"They are rights of {chosen.role_arn}; its keys need --feature {ROLE}.")
        if chosen.endpoint_url:
            told.append("This connection leads to another store than Amazon's: it may know other rights.")
        for line in told:
            self.stderr.write(line)


def _features(chosen: Connection, named: list[str] | None) -> list[Feature]:
    """Return those that were named, or that the settings switch on, as far as this connection has them."""
    if named and ROLE in named:
        raise CommandError(f"--feature {ROLE} is a policy of its own: ask for it alone.")
    found = [one for one in FEATURES if (one.slug in named if named else one.is_on())]
    here = [one for one in found if _is_here(one, chosen)]
    elsewhere = [one.slug for one in found if one not in here]
    if named and elsewhere:
        raise CommandError(f"The connection “{chosen.alias}” is not used for: {', '.join(elsewhere)}.")
    return here


def _is_here(feature: Feature, chosen: Connection) -> bool:
    if feature.of_services:
        return chosen.alias == settings.SERVICES_CONNECTION
    if feature.where is Where.ANALYTICS:
        return chosen.alias == (settings.ANALYTICS_BUCKET.rpartition("/")[0] or session.DEFAULT)
    if feature.where is Where.ARRIVALS:
        return any(one.connection == chosen.alias for one in [sources.photos(), *sources.configured()])
    return feature.where is not Where.PHOTOS or chosen.alias == session.DEFAULT


def _places(chosen: Connection, options: dict[str, Any]) -> Places:
    photo_bucket = settings.AWS_STORAGE_BUCKET_NAME
    known = Bucket.objects.filter(connection=chosen.alias, gone_since=None).values_list("name", flat=True)
    photos = [photo_bucket] if chosen.alias == session.DEFAULT else []
    return Places(
        buckets=tuple(options["bucket"] or dict.fromkeys([*photos, *known.order_by("name")])),
        photo_bucket=photo_bucket,
        tables=tuple(items.table(which).name for which in MirrorItem.Table),
        account=options["account"] or chosen.expected_owner,
        region=chosen.region,
        kms_keys=tuple(options["kms_key"]),
        below=_below(chosen.alias),
        queues=queue_state.names(),
        glue_jobs=tuple(settings.GLUE_JOBS),
        batch_role=settings.BATCH_ROLE_ARN,
    )


def _below(alias: str) -> dict[Where, tuple[str, ...]]:
    """Return the parts of buckets that the settings name for one feature each."""
    arriving = [one.bucket for one in sources.configured() if one.connection == alias]
    arrivals = [f"{name}/{settings.ARRIVALS_PREFIX}" for name in arriving]
    if alias == session.DEFAULT:
        arrivals.append(f"{settings.AWS_STORAGE_BUCKET_NAME}/{keys.ORIGINALS}")
    exports = settings.ANALYTICS_BUCKET.rpartition("/")[2]
    found = {
        Where.ANALYTICS: (f"{exports}/{settings.ANALYTICS_PREFIX}",) if exports else (),
        Where.ARRIVALS: tuple(dict.fromkeys(arrivals)),
        Where.LISTS: (f"{settings.BATCH_BUCKET}/{settings.BATCH_PREFIX}/",) if settings.BATCH_BUCKET else (),
        Where.REPORTS: (f"{settings.INVENTORY_BUCKET}/{settings.INVENTORY_PREFIX}/",)
        if settings.INVENTORY_BUCKET
        else (),
    }
    return {where: places for where, places in found.items() if places}


def _has_kms(chosen: Connection) -> bool:
    return Bucket.objects.filter(
        connection=chosen.alias, gone_since=None, encryption__startswith="aws:kms"
    ).exists()
