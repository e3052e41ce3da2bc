"""What a job costs where Amazon's prices are the store's: counted object by object while it is planned.

Sums are kept in the plan as texts: JSON has no exact decimals.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.s3 import capabilities
from portal.s3.archive import Tier
from portal.s3.types import StorageClass, VersioningState
from storage_admin import prices
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job
from storage_admin.prices import Prices

# Dollars by name. `before` and `after` are a month's storage, `early` what is billed on of versions
# that go before their class's least time is over, `retrieval` the bytes read out of classes that bill
# it, `added` a month of copies that are billed beside what there is, `kept` the restored copies for
# their days; `unknown` counts targets of a class that has no price here.
Price = dict[str, Decimal]

MONTH_DAYS = 30
_ONE = Decimal(1)
_A_CENT = Decimal("0.01")


def are_known(bucket: Bucket) -> bool:
    """Whether Amazon's prices are those of the bucket's store, or of what it simulates."""
    return capabilities.bills_as_amazon(capabilities.server(bucket.connection))


def prices_of(job: Job) -> Prices:
    """Return the prices of the region of the job's bucket."""
    return prices.of(job.bucket.region)


def keeps_versions(bucket: Bucket) -> bool:
    """Whether what is written over is billed on, as far as the bucket's row says."""
    return bucket.versioning in {VersioningState.ENABLED, VersioningState.SUSPENDED}


def add(sums: dict[str, str], price: Price) -> None:
    """Add one target's price to the plan's sums."""
    for name, amount in price.items():
        sums[name] = str(Decimal(sums.get(name, "0")) + amount)


def of_copy(there: Prices, target: Target, to_class: str) -> Price:
    """Return what one copy costs: two reads of what there is, the copy, billed in its class, its bytes."""
    from_class = target.storage_class or StorageClass.STANDARD
    reading, copying = there.classes.get(from_class), there.change(to_class or StorageClass.STANDARD)
    retrieval = there.retrieval(from_class, target.bytes)
    if reading is None or copying is None or retrieval is None:
        return {"unknown": _ONE}
    price = {"requests": 2 * reading.get / 1000 + copying}
    return price | ({"retrieval": retrieval} if retrieval else {})


def of_twin(there: Prices, target: Target) -> Price:
    """Return what a copy in the same class costs that is billed beside what there is."""
    month = there.month(target.storage_class or StorageClass.STANDARD, target.bytes)
    return of_copy(there, target, target.storage_class) | ({} if month is None else {"added": month})


def of_change(there: Prices, target: Target, to_class: str) -> Price:
    """Return what moving one object into another class costs, and what a month of it does then."""
    from_class = target.storage_class or StorageClass.STANDARD
    before, after = there.month(from_class, target.bytes), there.month(to_class, target.bytes)
    if before is None or after is None:
        return {"unknown": _ONE}
    age_days = (timezone.now() - target.modified).days if target.modified else 0
    left = prices.remaining_days(from_class, age_days)
    price = {"before": before, "after": after, **of_copy(there, target, to_class)}
    return price | ({"early": before * left / MONTH_DAYS} if left else {})


def of_restore(there: Prices, target: Target, tier: Tier, days: int) -> Price:
    """Return what bringing one object back costs: the request, the bytes, and the copy for its days."""
    asked = there.restore(target.storage_class, tier, target.bytes)
    copy = there.month(StorageClass.STANDARD, target.bytes)
    if asked is None or copy is None:
        return {"unknown": _ONE}
    return {"restore": asked, "kept": copy * days / MONTH_DAYS}


def lines(job: Job) -> list[str]:
    """Return sentences about the money that the plan counted; none where it counted none."""
    sums = {name: Decimal(said) for name, said in job.plan.get("dollars", {}).items()}
    if not sums:
        return []
    said = _of_a_month(job, sums) if "before" in sums else []
    if requests := sums.get("requests"):
        said.append(_("The requests cost %(price)s.") % {"price": _rounded(requests)})
    if retrieval := sums.get("retrieval"):
        said.append(_("Reading them out of their class costs %(price)s.") % {"price": _rounded(retrieval)})
    if "added" in sums:
        said.append(
            _("The copies are billed beside what there is: %(price)s a month.")
            % {"price": _rounded(sums["added"])}
        )
    if "restore" in sums:
        said.append(
            _("Bringing them back costs %(price)s, and keeping the copies for their days %(kept)s.")
            % {"price": _rounded(sums["restore"]), "kept": _rounded(sums["kept"])}
        )
    if unknown := sums.get("unknown"):
        said.append(_("%(count)d of them have a class whose price is not known here.") % {"count": unknown})
    return [*said, prices_of(job).sentence()]


def _of_a_month(job: Job, sums: Price) -> list[str]:
    before, after, early = sums["before"], sums["after"], sums.get("early", Decimal(0))
    said = [
        _("Storage: %(before)s a month now, %(after)s then (%(difference)s).")
        % {
            "before": _rounded(before),
            "after": _rounded(after),
            "difference": _rounded(after - before, signed=True),
        }
    ]
    if keeps_versions(job.bucket):
        said.append(
            _(
                "The bucket keeps versions: until the former ones are destroyed, their %(before)s a month"
                " are billed, too."
            )
            % {"before": _rounded(before)}
        )
    if early:
        said.append(
            _("Some are younger than their class's least time, which is billed all the same: %(price)s.")
            % {"price": _rounded(early)}
        )
    if after >= before:
        return [*said, _("It does not pay off: a month costs no less than now.")]
    once = sums["requests"] + sums.get("retrieval", Decimal(0)) + early
    months = (once / (before - after)).to_integral_value(ROUND_CEILING)
    said.append(
        _("It pays off in the first month, when the former versions are gone.")
        if months <= 1
        else _("It pays off after %(months)d months, counted from when the former versions are gone.")
        % {"months": months}
    )
    return said


def _rounded(amount: Decimal, *, signed: bool = False) -> str:
    exact = amount.quantize(_A_CENT) if abs(amount) >= _A_CENT else amount
    return prices.dollars(exact, signed=signed)
