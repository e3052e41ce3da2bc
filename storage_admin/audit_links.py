"""The way from an audit event to the object it is about."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.audit import AuditEvent
from portal.audit_links import Way
from portal.s3 import session
from storage_admin import addresses
from storage_admin.models import Bucket, ShareLink


def of_object(request: HttpRequest, event: AuditEvent) -> Way | None:
    """Return the object's page, if the portal knows the bucket and the user may look into it."""
    if not event.key or not request.user.has_perm("storage_admin.view_bucket"):
        return None
    known = Bucket.objects.filter(name=event.bucket)
    if event.target_type == Bucket._meta.label_lower:
        bucket = known.filter(pk=event.target_id).first()
    elif event.target_type == ShareLink._meta.label_lower:
        bucket = known.filter(share_links__pk=int(event.target_id)).first()
    else:  # photos lie in the default store alone
        bucket = known.filter(connection=session.DEFAULT).first()
    return Way(_("the object, with its versions"), addresses.of_object(bucket, event.key)) if bucket else None
