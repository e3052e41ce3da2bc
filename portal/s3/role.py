"""The keys of a role that a connection takes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session as BotocoreSession

from portal.s3 import renewal
from portal.s3.patience import make_patient
from portal.s3.types import Connection


class KeysOfRole(CredentialProvider):
    """The keys of a role, which boto3's own chain finds the keys for.

    Fetched when first needed, and again before they end: by botocore, under its lock.
    """

    METHOD = "assume-role-of-connection"

    def __init__(
        self, chosen: Connection, region_name: str, config: Config, renew: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.chosen = chosen
        self.region_name = region_name
        self.config = config
        self.renew = renew  # called when the keys that take on the role are over themselves

    def load(self) -> Any:
        source = BotocoreSession(profile=self.chosen.profile or None)
        keys = source.get_credentials()
        if keys is None:
            raise NoCredentialsError
        words = {"RoleSessionName": f"pettracker-{self.chosen.alias}"}
        if self.chosen.external_id:
            words["ExternalId"] = self.chosen.external_id

        def make_client(service: str, **options: Any) -> Any:
            # STS of the region, not the global one: its tokens are good in opt-in regions, too.
            made = source.create_client(
                service,
                region_name=self.region_name,
                endpoint_url=self.chosen.sts_endpoint_url or None,
                config=self.config,
                **options,
            )
            make_patient(made)
            renewal.watch(made, source, self.chosen.alias, self.renew)
            return made

        fetcher = AssumeRoleCredentialFetcher(make_client, keys, self.chosen.role_arn, extra_args=words)
        return DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method=self.METHOD)
