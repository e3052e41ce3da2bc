"""The form for the storage class, with what each will cost."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.display import size
from portal.s3.types import StorageClass
from storage_admin import prices
from storage_admin.objects import changes as object_changes
from storage_admin.objects import rewriting
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.prices import dollars

# REDUCED_REDUNDANCY is left out: it costs more than STANDARD and keeps less safely.
OFFERED = [one for one in StorageClass if one is not StorageClass.REDUCED_REDUNDANCY]


class ClassForm(ObjectForm):
    """One class of those that S3 has; what each means stands beside it."""

    page = "class"
    button = gettext_lazy("Change the class")

    storage_class = forms.ChoiceField(label=gettext_lazy("New class"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prices = prices.of(self.found.bucket.region)
        field = self.fields["storage_class"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it is declared so above; mypy asks
        field.choices = [(one.value, self._label(one)) for one in OFFERED]

    def initial_values(self) -> dict[str, Any]:
        return {"storage_class": str(self.facts.storage_class)}

    def state(self) -> dict[str, str]:
        return {_("Class"): str(self.facts.storage_class), _("Size"): size(self.facts.bytes)}

    def consequences(self) -> list[Consequence]:
        said = rewriting.consequences(self.found)
        if not self.found.bills_as_amazon:
            words = _("What this store bills, the portal does not know; many keep all classes alike.")
            return [*said, Consequence(words)]
        said.append(
            Consequence(
                _(
                    "Classes with a least time bill all of it, also when the object goes or changes earlier;"
                    " those with a least size bill that of smaller objects."
                )
            )
        )
        said.append(
            Consequence(
                _("GLACIER and DEEP_ARCHIVE cannot be read, shown or copied before they are restored."),
                Level.WARNING,
            )
        )
        said.append(
            Consequence(
                _("%(prices)s See %(source)s") % {"prices": self._prices.sentence(), "source": prices.SOURCE}
            )
        )
        return said

    def clean_storage_class(self) -> str:
        """Refuse the class that it has: S3 answers 400 to such a copy."""
        wanted: str = self.cleaned_data["storage_class"]
        if wanted == self.facts.storage_class:
            raise forms.ValidationError(_("The object has this class already: there is nothing to do."))
        return wanted

    def save(self) -> Saved:
        wanted = self.cleaned_data["storage_class"]
        made = object_changes.change_class(
            actor=self.user, bucket=self.found.bucket, key=self.found.key, seen=self.seen_version,
            storage_class=wanted,
        )  # fmt: skip
        words = _("The class is %(name)s now.") % {"name": wanted}
        return rewriting.saved(words, made, self.found, self.user)

    def _label(self, storage_class: StorageClass) -> str:
        if not self.found.bills_as_amazon:
            return storage_class.value
        return " – ".join([storage_class.value, *self._terms(storage_class)])

    def _difference(self, storage_class: StorageClass) -> str:
        """Return what the object would cost a month, beside what it costs now."""
        after = self._prices.month(storage_class, self.facts.bytes)
        now = self._prices.month(self.facts.storage_class, self.facts.bytes)
        if after is None or now is None or storage_class == self.facts.storage_class:
            return ""
        if after == now:
            return _("the same a month for this object")
        percent = round((after - now) / now * 100) if now else 0
        return _("%(difference)s a month for this object (%(percent)+d %%)") % {
            "difference": dollars(after - now, signed=True),
            "percent": percent,
        }

    def _terms(self, storage_class: StorageClass) -> list[str]:
        price, copying = self._prices.classes.get(storage_class), self._prices.change(storage_class)
        if price is None or copying is None:
            return [_("its price is not known here")]
        rule, has_now = prices.RULES[storage_class], self.facts.bytes
        terms = [
            _("%(price)s per GB and month") % {"price": dollars(price.month)},
            self._difference(storage_class),
            _("the change costs %(price)s") % {"price": dollars(copying)},
        ]
        if rule.minimum_days:
            terms.append(_("at least %(days)d days") % {"days": rule.minimum_days})
        if has_now < rule.minimum_bytes:
            terms.append(
                _("billed as %(least)s, it has %(size)s")
                % {"least": size(rule.minimum_bytes), "size": size(has_now)}
            )
        if rule.has_archive_overhead:
            terms.append(_("plus 40 KiB for the archive's index"))
        return [term for term in terms if term]
