"""The form that makes a bucket: names as S3 allows them, safe defaults, and what each choice means."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.models import User
from portal.s3 import bucket_names, capabilities, encryption
from portal.s3.buckets import Birth
from portal.s3.differences import Capability
from portal.s3.encryption import DefaultEncryption
from portal.s3.errors import BadRequest
from portal.s3.ownership import Ownership
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm

WHOLE, PREFIX = "whole", "prefix"
LONGEST_PREFIX = bucket_names.MOST_LETTERS - bucket_names.SUFFIX_LETTERS - 1
STORES_OWN = ""
# What a store may lack, and the fields that go with it: their defaults are sent all the same, and
# what the store says to them is told. What it is known to lack is not asked for.
_NEEDS = {
    Capability.OWNERSHIP: ("ownership",),
    Capability.PUBLIC_ACCESS_BLOCK: ("blocked",),
    Capability.DEFAULT_ENCRYPTION: ("encryption", "kms_key", "bucket_key"),
    Capability.OBJECT_LOCK: ("object_lock",),
}


class NewBucketForm(forms.Form):
    """How a bucket is to be born, at a store that may lack some of it; `lacking` says what, and why."""

    name = forms.CharField(
        label=_("Name"),
        max_length=255,  # S3's own limits are told in words
        help_text=_(
            "3 to 63 of a-z, 0-9, hyphens and dots. At Amazon all accounts share one set of names. "
            "Certificates do not fit names with dots."
        ),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "autocapitalize": "off",
            }
        ),
    )
    naming = forms.ChoiceField(
        label=_("The bucket is called"),
        choices=[
            (WHOLE, _("exactly so")),
            (PREFIX, _("so, and a random end: nobody can have taken or foreseen the name")),
        ],
        initial=WHOLE,
        widget=forms.RadioSelect,
    )
    blocked = forms.BooleanField(
        label=_("Block all public access"),
        required=False,
        initial=True,
        help_text=_(
            "All four switches on: no ACL and no policy can open the bucket or anything in it to the world."
        ),
    )
    ownership = forms.ChoiceField(
        label=_("Object ownership"),
        choices=[
            (
                Ownership.ENFORCED.value,
                _("bucket owner enforced: the bucket's account owns all; no ACLs"),
            ),
            (
                Ownership.PREFERRED.value,
                _("bucket owner preferred: ACLs count; who uploads may hand the object over"),
            ),
            (
                Ownership.OBJECT_WRITER.value,
                _("object writer: ACLs count; an object belongs to whoever uploaded it, also from elsewhere"),
            ),
        ],
        initial=Ownership.ENFORCED.value,
        widget=forms.RadioSelect,
    )
    versioned = forms.BooleanField(
        label=_("Keep versions"),
        required=False,
        initial=True,
        help_text=_(
            "What is overwritten or deleted stays as an older version, is billed, and can be brought back. "
            "Once on, it can be suspended, never switched off again."
        ),
    )
    encryption = forms.ChoiceField(
        label=_("Default encryption"),
        required=False,
        choices=[
            (STORES_OWN, _("the store's own default (at Amazon: SSE-S3)")),
            (Algorithm.SSE_S3.value, _("SSE-S3: with keys that the store looks after")),
            (
                Algorithm.SSE_KMS.value,
                _("SSE-KMS: with a key of yours; readers need the right to use it, and each use is billed"),
            ),
        ],
        initial=STORES_OWN,
        widget=forms.RadioSelect,
    )
    kms_key = forms.CharField(
        label=_("KMS key"),
        required=False,
        max_length=256,
        help_text=_(
            "For SSE-KMS: its full ARN, arn:aws:kms:…:key/…. An alias may mean another key elsewhere."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bucket_key = forms.BooleanField(
        label=_("Use a bucket key"),
        required=False,
        initial=True,
        help_text=_("For SSE-KMS: one key for many objects saves most calls to KMS, and their price."),
    )
    object_lock = forms.BooleanField(
        label=_("Object lock"),
        required=False,
        help_text=_(
            "Versions can be locked against destruction, until a date or until a hold is lifted. "
            "It keeps versions on and can never be switched off again. Nothing is locked by itself."
        ),
    )

    def __init__(self, *args: Any, alias: str, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        known = capabilities.known(capabilities.server(alias))
        self.lacking: list[tuple[str, str]] = []
        for capability, names in _NEEDS.items():
            if capability in known:
                self.lacking.append((str(self.fields[names[0]].label), known[capability]))
                for name in names:
                    del self.fields[name]
        if Capability.KMS in known and "encryption" in self.fields:
            self.lacking.append((gettext("Encryption with KMS keys"), known[Capability.KMS]))
            self._forget_kms()
        if "blocked" in self.fields and not user.has_perm("storage_admin.make_public"):
            blocked = self.fields["blocked"]
            blocked.disabled = True
            blocked.help_text = gettext("Your role may not make anything public, so this stays on.")

    def clean_kms_key(self) -> str:
        """Take a full ARN where the key is wanted; forget what was typed where it is not."""
        arn = str(self.cleaned_data["kms_key"])
        if self.cleaned_data.get("encryption") != Algorithm.SSE_KMS:
            return ""
        try:
            encryption.check_key(arn)
        except BadRequest as error:
            raise forms.ValidationError(str(error)) from error
        return arn

    def clean(self) -> dict[str, Any]:
        """Name everything that S3 would refuse in the name."""
        given = super().clean() or self.cleaned_data
        name, naming = given.get("name"), given.get("naming")
        if name is None or naming is None:
            return given
        if naming == PREFIX and len(name) > LONGEST_PREFIX:
            self.add_error(
                "name",
                gettext("The beginning has %(count)d characters; with a random end %(most)d fit.")
                % {"count": len(name), "most": LONGEST_PREFIX},
            )
            return given
        given["name"] = bucket_names.with_suffix(name) if naming == PREFIX else name
        for fault in bucket_names.faults(given["name"]):
            self.add_error("name", fault)
        return given

    def birth(self) -> Birth:
        """Return what was chosen; where there is no choice, the safe default."""
        given = self.cleaned_data
        return Birth(
            ownership=Ownership(given.get("ownership", Ownership.ENFORCED)),
            public_access_block=(
                PublicAccessBlock.all_on() if given.get("blocked", True) else PublicAccessBlock()
            ),
            versioned=given["versioned"],
            encryption=self._encryption(),
            object_lock=given.get("object_lock", False),
        )

    def _encryption(self) -> DefaultEncryption | None:
        given = self.cleaned_data
        if not given.get("encryption"):
            return None
        algorithm = Algorithm(given["encryption"])
        if algorithm is Algorithm.SSE_KMS:
            return DefaultEncryption(algorithm, given["kms_key"], bucket_key=given["bucket_key"])
        return DefaultEncryption(algorithm)

    def _forget_kms(self) -> None:
        field: Any = self.fields["encryption"]
        field.choices = [one for one in field.choices if one[0] != Algorithm.SSE_KMS]
        del self.fields["kms_key"], self.fields["bucket_key"]
