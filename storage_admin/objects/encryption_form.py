"""The form for encrypting an object otherwise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3.differences import Capability
from portal.s3.encryption import check_key
from portal.s3.errors import BadRequest
from portal.s3.types import Algorithm
from storage_admin.objects import changes as object_changes
from storage_admin.objects import rewriting
from storage_admin.objects.forms import Consequence, Level, ObjectForm, Saved
from storage_admin.objects.reasons import older

IN_PLACE = "in-place"
BY_COPY = "copy"


class EncryptionForm(ObjectForm):
    """With the store's own keys or a KMS key; without a copy where S3 can."""

    page = "encryption"
    button = gettext_lazy("Encrypt")

    algorithm = forms.ChoiceField(label=gettext_lazy("Encrypt with"))
    kms_key = forms.CharField(
        label=gettext_lazy("KMS key"),
        required=False,
        max_length=2048,
        help_text=gettext_lazy("Its full ARN, arn:aws:kms:…:key/…; an alias may mean another key elsewhere."),
    )
    bucket_key = forms.BooleanField(
        label=gettext_lazy("Use a bucket key"),
        required=False,
        help_text=gettext_lazy("Saves most of the calls to KMS, and their price."),
    )
    way = forms.ChoiceField(label=gettext_lazy("How"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(Algorithm.SSE_S3.value, _("the store's own keys (SSE-S3)"))]
        if self._lacks_kms:
            del self.fields["kms_key"], self.fields["bucket_key"]
        else:
            choices.append((Algorithm.SSE_KMS.value, _("a KMS key (SSE-KMS)")))
        algorithm, way = self.fields["algorithm"], self.fields["way"]
        assert isinstance(algorithm, forms.ChoiceField)  # noqa: S101 - declared so above; mypy asks
        assert isinstance(way, forms.ChoiceField)  # noqa: S101 - declared so above; mypy asks
        algorithm.choices, way.choices = choices, self._ways()
        self.initial.setdefault("way", self._ways()[0][0] if self._ways() else "")

    def initial_values(self) -> dict[str, Any]:
        algorithm = Algorithm.SSE_S3 if self._lacks_kms else Algorithm.SSE_KMS
        return {"algorithm": algorithm.value, "kms_key": self.facts.kms_key, "bucket_key": True}

    def state(self) -> dict[str, str]:
        return {
            _("Encryption"): str(self.facts.encryption) or _("the store does not say"),
            _("KMS key"): self.facts.kms_key,
        }

    def consequences(self) -> list[Consequence]:
        said = self.lacking(Capability.KMS)
        if self._why_not_in_place():
            said.append(Consequence(self._why_not_in_place()))
        else:
            words = _("Without a copy: version, time and class stay. There is no way back to SSE-S3.")
            said.append(Consequence(words, Level.WARNING))
        said += [
            Consequence(_("By a copy: %(what)s") % {"what": one.words}, one.level)
            for one in rewriting.consequences(self.found)
        ]
        said.append(
            Consequence(
                _("Whoever reads it then needs the right to use the key; without the key it is lost."),
                Level.WARNING,
            )
        )
        return said

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        algorithm, key, way = (cleaned.get(name, "") for name in ("algorithm", "kms_key", "way"))
        if algorithm == Algorithm.SSE_KMS:
            try:
                check_key(key)
            except BadRequest as error:
                self.add_error("kms_key", str(error))
        elif key:
            cleaned["kms_key"] = ""
        if way == IN_PLACE and algorithm != Algorithm.SSE_KMS:
            self.add_error("way", _("Only a KMS key can be set without a copy."))
        if (algorithm, cleaned.get("kms_key", "")) == (self.facts.encryption, self.facts.kms_key):
            raise forms.ValidationError(_("The object is encrypted so already: there is nothing to do."))
        return cleaned

    def save(self) -> Saved:
        cleaned, found = self.cleaned_data, self.found
        if cleaned["way"] == IN_PLACE:
            object_changes.encrypt_in_place(
                actor=self.user, bucket=found.bucket, key=found.key, seen=self.seen_version,
                kms_key=cleaned["kms_key"], bucket_key=cleaned["bucket_key"],
            )  # fmt: skip
            return Saved(_("The version is encrypted with the key, without a copy."))
        made = object_changes.encrypt_by_copy(
            actor=self.user, bucket=found.bucket, key=found.key, seen=self.seen_version,
            algorithm=Algorithm(cleaned["algorithm"]), kms_key=cleaned.get("kms_key", ""),
            bucket_key=cleaned.get("bucket_key", False) and cleaned["algorithm"] == Algorithm.SSE_KMS,
        )  # fmt: skip
        words = _("A copy that is encrypted so is on top; the former version stays as it was encrypted.")
        return rewriting.saved(words, made, found, self.user)

    @property
    def _lacks_kms(self) -> bool:
        return Capability.KMS in self.found.lacks

    def _why_not_in_place(self) -> str:
        lacking = self.found.lacks.get(Capability.ENCRYPTION_IN_PLACE) or self.found.lacks.get(Capability.KMS)
        return lacking or object_changes.why_not_in_place(self.facts)

    def _ways(self) -> list[tuple[str, str]]:
        ways = []
        if not self._why_not_in_place():
            ways.append((IN_PLACE, _("without a copy, this version alone")))
        if not older(self.found):
            ways.append((BY_COPY, _("by a copy on top")))
        return ways
