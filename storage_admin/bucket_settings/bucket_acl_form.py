"""The form over a bucket's access control list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import acl
from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, LOG_DELIVERY, Acl, Canned, Grant, Permission
from storage_admin import grants
from storage_admin.bucket_settings.canned import CANNED_WORDS, canned_of, of_canned, ordered
from storage_admin.bucket_settings.setting import SettingForm

_LISTED = "listed"  # the choice that is no canned ACL
_ACCOUNT = "account"  # the choice of a new grantee that is named by its id
PERMISSIONS = {
    Permission.FULL_CONTROL: gettext_lazy("FULL_CONTROL: all of these"),
    Permission.READ: gettext_lazy("READ: list what is in the bucket"),
    Permission.WRITE: gettext_lazy("WRITE: add, overwrite and delete objects"),
    Permission.READ_ACP: gettext_lazy("READ_ACP: read this list"),
    Permission.WRITE_ACP: gettext_lazy("WRITE_ACP: change this list, and so anything"),
}


class BucketAclForm(SettingForm):
    """A canned ACL, or grants: each grantee there is with boxes, and one that can be added."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Who may what"),
        widget=forms.RadioSelect,
        choices=[
            *((one.value, words) for one, words in CANNED_WORDS.items()),
            (_LISTED, gettext_lazy("the grants below")),
        ],
    )
    new_grantee = forms.ChoiceField(
        label=gettext_lazy("Also grant to"),
        required=False,
        choices=[
            ("", gettext_lazy("nobody else")),
            (_ACCOUNT, gettext_lazy("an account, by its canonical id")),
            (LOG_DELIVERY, gettext_lazy("Amazon's log delivery")),
            (ANY_ACCOUNT, gettext_lazy("anybody with an Amazon account")),
            (EVERYBODY, gettext_lazy("everybody in the world")),
        ],
    )
    new_account = forms.CharField(label=gettext_lazy("Canonical id"), required=False, max_length=256)
    new_permissions = forms.MultipleChoiceField(
        label=gettext_lazy("which may"),
        required=False,
        choices=list(PERMISSIONS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grantees = list(dict.fromkeys(grant.grantee for grant in self.now.grants))
        new = {name: self.fields.pop(name) for name in ("new_grantee", "new_account", "new_permissions")}
        for place, grantee in enumerate(self.grantees):
            held = [grant for grant in self.now.grants if grant.grantee == grantee]
            words = spelling.plain(grants.grantee(held[0], self.now))
            self.fields[f"grant-{place}"] = forms.MultipleChoiceField(
                label=_("Grant to %(grantee)s") % {"grantee": words},
                required=False,
                choices=list(PERMISSIONS.items()),
                widget=forms.CheckboxSelectMultiple,
                initial=[grant.permission.value for grant in held],
            )
        self.fields |= new

    @classmethod
    def initial_of(cls, now: Acl, _part: str | None) -> dict[str, Any]:
        return {"kind": canned_of(now) or _LISTED}

    def clean(self) -> dict[str, Any]:
        """Refuse half a grant, and a list that S3 would refuse."""
        found = self.cleaned_data
        grantee, permissions = found.get("new_grantee"), found.get("new_permissions")
        if bool(grantee) != bool(permissions):
            self.add_error("new_grantee", _("Choose both: to whom, and which permissions."))
        if grantee == _ACCOUNT and not found.get("new_account"):
            self.add_error("new_account", _("Which account? Its canonical id is in its owner's settings."))
        if found.get("kind") != _LISTED and set(self.changed_data) - {"kind"}:
            self.add_error(
                "kind", _("To change single grants, choose “the grants below”: S3 takes one or the other.")
            )
        if not self.errors and (faults := acl.faults(self.wanted().grants)):
            raise forms.ValidationError(faults)
        return found

    def wanted(self) -> Acl:
        kind = self.cleaned_data["kind"]
        if kind != _LISTED:
            return of_canned(Canned(kind), self.now)
        names = {grant.grantee: grant.name for grant in self.now.grants}
        chosen = {grantee: self.cleaned_data[f"grant-{place}"] for place, grantee in enumerate(self.grantees)}
        if new := self.cleaned_data["new_grantee"]:
            grantee = self.cleaned_data["new_account"].strip() if new == _ACCOUNT else new
            chosen[grantee] = {*chosen.get(grantee, ()), *self.cleaned_data["new_permissions"]}
        return ordered(
            replace(
                self.now,
                grants=tuple(
                    Grant(grantee, Permission(one), names.get(grantee, ""))
                    for grantee, permissions in chosen.items()
                    for one in permissions
                ),
            )
        )
