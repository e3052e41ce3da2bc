"""Grants of an ACL, in words."""

from django.utils.translation import gettext as _

from portal.s3.acl import ANY_ACCOUNT, EVERYBODY, LOG_DELIVERY, Acl, Grant


def grantee(grant: Grant, acl: Acl) -> str:
    """Return to whom the grant is given."""
    groups = {
        EVERYBODY: _("everybody in the world"),
        ANY_ACCOUNT: _("anybody with an Amazon account"),
        LOG_DELIVERY: _("Amazon's log delivery"),
    }
    if grant.grantee in groups:
        return groups[grant.grantee]
    if grant.grantee and grant.grantee == acl.owner:
        return _("the owner")
    return f"{grant.name} ({grant.grantee})" if grant.name else grant.grantee
