"""Default encryption: what new objects get at rest when their writer asks for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import capabilities, encryption
from portal.s3.differences import Capability
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import BadRequest
from portal.s3.types import Algorithm
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Place,
    Setting,
    SettingForm,
    yes_or_no,
)

_WORDS = {
    Algorithm.NONE: gettext_lazy("none: the store's own default"),
    Algorithm.SSE_S3: gettext_lazy("SSE-S3: with keys of the store"),
    Algorithm.SSE_KMS: gettext_lazy("SSE-KMS: with a key of yours in KMS"),
    Algorithm.DSSE_KMS: gettext_lazy("DSSE-KMS: twice, with a key of yours in KMS"),
}
_WITH_KMS = {Algorithm.SSE_KMS, Algorithm.DSSE_KMS}


class EncryptionForm(SettingForm):
    """The algorithm, and for KMS the key. What uploads may not ask for (SSE-C) is kept as it is."""

    algorithm = forms.ChoiceField(label=gettext_lazy("Encryption"), widget=forms.RadioSelect)
    kms_key = forms.CharField(
        label=gettext_lazy("KMS key"),
        required=False,
        max_length=2048,
        help_text=gettext_lazy(
            "The full ARN, arn:aws:kms:…:key/…; an alias could mean another key to whoever uploads. "
            "Empty: the account's own key aws/s3."
        ),
    )
    bucket_key = forms.BooleanField(
        label=gettext_lazy("Bucket key"),
        required=False,
        help_text=gettext_lazy("Saves most calls to KMS, and their price. Not for DSSE-KMS."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [Algorithm.SSE_S3]
        lacking = capabilities.known(capabilities.server(self.place.alias)).get(Capability.KMS, "")
        if not lacking or self.now.algorithm in _WITH_KMS:
            offered += [Algorithm.SSE_KMS, Algorithm.DSSE_KMS]
        else:
            del self.fields["kms_key"], self.fields["bucket_key"]
        if self.now.algorithm is Algorithm.NONE:
            offered.append(Algorithm.NONE)
        field = self.fields["algorithm"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for mypy: declared above
        field.choices = [(one.value, _WORDS[one]) for one in offered]
        field.required = Algorithm.NONE not in offered  # its value is the empty text
        field.help_text = lacking

    @classmethod
    def initial_of(cls, now: DefaultEncryption, _part: str | None) -> dict[str, Any]:
        return {"algorithm": now.algorithm.value, "kms_key": now.kms_key, "bucket_key": now.bucket_key}

    def clean_kms_key(self) -> str:
        """Refuse what is no full ARN."""
        key: str = self.cleaned_data["kms_key"]
        if key:
            try:
                encryption.check_key(key)
            except BadRequest as error:
                raise forms.ValidationError(str(error)) from error
        return key

    def clean(self) -> dict[str, Any]:
        """Refuse a key or a bucket key that the algorithm does not take."""
        found = self.cleaned_data
        algorithm = found.get("algorithm", "")
        if found.get("kms_key") and algorithm not in _WITH_KMS:
            self.add_error("kms_key", _("Without KMS no key of yours is used: leave this empty."))
        if found.get("bucket_key") and algorithm == Algorithm.DSSE_KMS:
            self.add_error("bucket_key", _("DSSE-KMS has no bucket key."))
        return found

    def wanted(self) -> DefaultEncryption:
        algorithm = Algorithm(self.cleaned_data["algorithm"])
        if algorithm in _WITH_KMS:
            key, bucket_key = self.cleaned_data["kms_key"], self.cleaned_data["bucket_key"]
        else:  # without KMS a bucket key means nothing, and is no reason to change anything
            key, bucket_key = "", self.now.bucket_key and algorithm is self.now.algorithm
        return replace(self.now, algorithm=algorithm, kms_key=key, bucket_key=bucket_key)


class EncryptionSetting(Setting[DefaultEncryption]):
    """SSE-S3, SSE-KMS or DSSE-KMS for new objects."""

    slug = "encryption"
    title = gettext_lazy("Default encryption")
    about = gettext_lazy("How new objects are encrypted at rest when their writer asks for nothing else.")
    term = "Default encryption (ServerSideEncryptionConfiguration)"
    needs = (Capability.DEFAULT_ENCRYPTION,)
    form_class = EncryptionForm

    def read(self, bucket: str, alias: str) -> DefaultEncryption:
        return encryption.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: DefaultEncryption) -> None:
        encryption.write(bucket, wanted, alias=alias)

    def as_data(self, value: DefaultEncryption) -> dict[str, Any]:
        return {
            "algorithm": value.algorithm.value,
            "kms_key": value.kms_key,
            "bucket_key": value.bucket_key,
            "blocked": list(value.blocked),
        }

    def from_data(self, data: Mapping[str, Any]) -> DefaultEncryption:
        return DefaultEncryption(
            Algorithm.told(data["algorithm"]), data["kms_key"], data["bucket_key"], tuple(data["blocked"])
        )

    def facts(self, value: DefaultEncryption) -> Facts:
        found = {_("Encryption"): str(_WORDS.get(value.algorithm, value.algorithm))}
        if value.algorithm in _WITH_KMS or value.kms_key:
            found[_("KMS key")] = spelling.plain(value.kms_key) or _("the account's own key aws/s3")
        if value.algorithm in _WITH_KMS or value.bucket_key:
            found[_("Bucket key")] = yes_or_no(value.bucket_key)
        if value.blocked:
            found[_("Uploads may not ask for")] = spelling.plain(", ".join(value.blocked))
        return found

    def refusals(self, before: DefaultEncryption, after: DefaultEncryption, place: Place) -> list[str]:
        if after.algorithm not in _WITH_KMS or before.algorithm in _WITH_KMS:
            return []
        lacking = capabilities.known(capabilities.server(place.alias)).get(Capability.KMS)
        return [lacking] if lacking else []

    def meaning(self, _before: DefaultEncryption, after: DefaultEncryption, place: Place) -> list[Meaning]:
        found = [
            Meaning(_("It counts for new objects. Those that are there stay encrypted as they are, or not."))
        ]
        if after.algorithm not in _WITH_KMS:
            return found
        found.append(
            Meaning(
                _(
                    "Whoever writes or reads new objects then needs rights on the key, too: "
                    "kms:GenerateDataKey and kms:Decrypt. Without the key nobody can read them, ever: do "
                    "not delete it."
                ),
                Level.WARNING,
            )
        )
        if place.holds_photos:
            found.append(
                Meaning(
                    _("The portal's keys need these rights first: else no photo is uploaded or shown."),
                    Level.DANGER,
                )
            )
        if not after.kms_key:
            found.append(
                Meaning(
                    _("With the account's own key aws/s3, other accounts cannot be let in."), Level.WARNING
                )
            )
        if not after.bucket_key and after.algorithm is Algorithm.SSE_KMS:
            found.append(Meaning(_("Without a bucket key, each object costs a call to KMS, and its price.")))
        return found
