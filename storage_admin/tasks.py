"""Celery tasks of the storage: thin, and on the `bulk` queue."""

import structlog
from celery import shared_task

from portal.s3.errors import StorageUnavailable
from storage_admin import looking
from storage_admin import purge as purging

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=250, time_limit=300)
def purge() -> None:
    """Remove what is due: refused originals, expired trash, leftover renditions."""
    try:
        removed = purging.remove_rejected_originals()
        purged = purging.purge_expired_trash()
        leftovers = purging.remove_leftovers()
    except StorageUnavailable as error:
        logger.warning("purge_postponed", code=error.code)
        return
    if removed or purged or leftovers:
        logger.info("purged", rejected=removed, trash=purged, leftovers=leftovers)


@shared_task(soft_time_limit=250, time_limit=300)
def look_for_buckets() -> None:
    """Look for buckets if nobody has for a while; the rows say so, hence a new portal looks at once."""
    if not looking.is_due():
        return
    found = looking.look()
    logger.info("buckets_looked_for", total=found.total, new=found.new, gone=found.gone)
