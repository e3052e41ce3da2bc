"""The Django storage of the portal: django-storages on the portal's own clients."""

from typing import Any

from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from portal.s3 import links, objects, session
from portal.s3.patience import make_patient


class PhotoStorage(S3Storage):
    """Private objects that are never overwritten.

    django-storages' defaults are a public web site's: a second file of the same name replaces
    the first (`file_overwrite`), and `location=""` does not confine `../`. Here a name is a
    key as it stands, a key that exists is refused by the store itself (If-None-Match), no
    ACL is sent, and links are signed (SigV4) for a short time.
    """

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            "bucket_name": settings.AWS_STORAGE_BUCKET_NAME,
            "file_overwrite": False,
            "default_acl": None,
            "querystring_expire": settings.RENDITION_URL_SECONDS,
            # Keys come from the session below, never from this object: `deconstruct()` shows it.
            "access_key": None,
            "secret_key": None,
            "security_token": None,
        }

    def _create_session(self) -> Any:
        return session.session()

    @property
    def connection(self) -> Any:
        if getattr(self._connections, "connection", None) is None:
            made = session.client(timeouts=session.Timeouts.WORKER)
            resource = session.session().resource(
                "s3",
                endpoint_url=made.meta.endpoint_url,
                region_name=made.meta.region_name,
                config=made.meta.config,
            )
            make_patient(resource.meta.client)
            self._connections.connection = resource
        return self._connections.connection

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name as it is: another key than the one asked for would be found by nobody."""
        if max_length is not None and len(name) > max_length:
            raise ValueError(f"The key has {len(name)} characters; {max_length} fit.")
        return name

    def _save(self, name: str, content: File) -> str:
        """Store the file under exactly this key; Conflict when it exists.

        `content` may carry `content_type`, `sha256` (hex) and `metadata`.
        """
        content.seek(0)
        objects.put_once(
            self.bucket_name,
            name,
            content.file or content,
            content_type=getattr(content, "content_type", "") or self.default_content_type,
            sha256=getattr(content, "sha256", ""),
            metadata=getattr(content, "metadata", None),
        )
        return name

    def url(
        self,
        name: str,
        parameters: dict[str, str] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """Return a signed URL for reading; `parameters` may name a VersionId."""
        if http_method not in {None, "GET"}:
            raise ValueError("PhotoStorage signs reads only; portal.s3.links.upload_url signs uploads.")
        return links.read_url(
            self.bucket_name,
            name,
            seconds=expire or self.querystring_expire,
            version_id=(parameters or {}).get("VersionId", ""),
        )
