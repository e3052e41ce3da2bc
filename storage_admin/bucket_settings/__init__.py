"""The settings of a bucket, each a class of its own; they know buckets by name, no rows and no requests.

To add a setting:

1. Write a module with a `Setting[T]` (see `setting.py`; `versioning.py` is an example). `T` is the
   seam's frozen value. Needed are `slug`, `title`, `about`, `term`, `form_class`, `read`, `write`,
   `as_data` with its exact inverse `from_data`, and `facts`, which says the value in words: the page
   shows it, and `difference` compares it, so values that differ must differ there. Texts from the
   store go through `spelling.plain`. `needs` names the capabilities without which there is no page.
2. Its form is a `SettingForm`: `initial_of(now, part)` fills the fields, `wanted()` makes the new
   value from `self.now` and `self.cleaned_data`, keeping what the form has no field for. A setting
   with several things in it gives `parts(value)`; the page then lists them, and its form edits the
   one in `part`, or adds one where `part` is None.
3. Say what a change means (`meaning`), what the portal will not do (`refusals`), when nobody can
   change it (`fixed`), whether it lets the world in (`opens`: needs the right `make_public`, and in
   the photo bucket the typed name), and whether it has no inverse (`no_way_back`).
4. Put an instance into `ALL`. The pages, the review, the history, Undo and the audit then know it;
   `tests/storage_admin/buckets/test_settings.py` wants a strategy that makes its values.
"""

from typing import Any

from storage_admin.bucket_settings.bucket_acl import BucketAclSetting
from storage_admin.bucket_settings.bucket_tags import TagsSetting
from storage_admin.bucket_settings.cors import CorsSetting
from storage_admin.bucket_settings.encryption import EncryptionSetting
from storage_admin.bucket_settings.events import EventsSetting
from storage_admin.bucket_settings.inventory import InventorySetting
from storage_admin.bucket_settings.lifecycle import LifecycleSetting
from storage_admin.bucket_settings.lock_default import LockSetting
from storage_admin.bucket_settings.ownership import OwnershipSetting
from storage_admin.bucket_settings.policy import PolicySetting
from storage_admin.bucket_settings.public_access import PublicAccessSetting
from storage_admin.bucket_settings.setting import Setting
from storage_admin.bucket_settings.versioning import VersioningSetting

# In the order of the overview.
ALL: tuple[Setting[Any], ...] = (
    VersioningSetting(),
    EncryptionSetting(),
    PublicAccessSetting(),
    OwnershipSetting(),
    BucketAclSetting(),
    PolicySetting(),
    LifecycleSetting(),
    LockSetting(),
    CorsSetting(),
    TagsSetting(),
    EventsSetting(),
    InventorySetting(),
)


def find(slug: str) -> Setting[Any] | None:
    """Return the setting of this slug; rows may name one that a newer portal has dropped."""
    return next((setting for setting in ALL if setting.slug == slug), None)
