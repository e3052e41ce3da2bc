"""`{% load storage %}`: what the pages below a bucket share."""

from typing import Any

from django import template

from storage_admin.buckets import navigation
from storage_admin.models import Bucket

register = template.Library()


@register.inclusion_tag("storage_admin/bucket_nav.html", takes_context=True)
def bucket_nav(context: template.Context, bucket: Bucket, here: str) -> dict[str, Any]:
    """Show the bucket's other pages: "objects", "settings" and so on is where one is."""
    request = context["request"]
    return {"entries": navigation.entries(bucket, request.user, here, request.path)}
