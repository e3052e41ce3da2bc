"""Which pets and photos the DynamoDB mirror has, and which it must be told of."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pets.models import Owner


class MirrorItem(models.Model):
    """One pet or photo of the mirror: the outbox, a row for each item instead of one for each change.

    `changes` is counted up by triggers in the very transaction that changes the pet or the photo
    (see `storage_admin.mirror.triggers`); it is the number that the item in DynamoDB carries as its
    version. `sent` is the highest number that DynamoDB has confirmed: less than `changes` is due.
    """

    class Table(models.TextChoices):
        PETS = "pets", _("pets")
        PHOTOS = "photos", _("photos")

    table = models.CharField(_("table"), max_length=8, choices=Table.choices)
    item = models.UUIDField(_("item"))
    # The database counts for the triggers, which name no column but those they mean.
    changes = models.PositiveBigIntegerField(_("changes"), db_default=1)
    sent = models.PositiveBigIntegerField(_("sent"), db_default=0)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    since = models.DateTimeField(_("due since"), null=True)
    claim = models.UUIDField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), db_default=0)
    error = models.TextField(_("error"), blank=True, db_default="")
    # The last comparison that met the item in DynamoDB.
    met_by = models.PositiveBigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("item of the mirror")
        verbose_name_plural = _("DynamoDB mirror")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["table", "item"], name="mirror_item_once")]
        indexes = [
            models.Index(fields=["since", "id"], condition=Q(changes__gt=F("sent")), name="mirror_item_due"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.item}"


class MirrorCheck(models.Model):
    """One comparison of the tables with the rows; `ended_at` empty: it goes on from `cursor`."""

    begun_at = models.DateTimeField(_("begun"), auto_now_add=True)
    beat_at = models.DateTimeField(_("last sign of life"), auto_now=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    cursor = models.JSONField(null=True)
    repairs = models.BooleanField(_("sends what differs"), default=True)
    met = models.PositiveBigIntegerField(_("items met"), default=0)
    # Codes as in `storage_admin.mirror.verifying`, with how often each was found.
    found = models.JSONField(_("found"), default=dict)
    error = models.TextField(_("error"), blank=True)
    made_by_name = models.CharField(_("who"), max_length=150)

    class Meta:
        verbose_name = _("comparison with the mirror")
        verbose_name_plural = _("comparisons with the mirror")
        ordering = ["-id"]
        default_permissions = ()
        permissions = [("check_mirror", _("Can compare the DynamoDB mirror with the rows, and send again"))]

    def __str__(self) -> str:
        return f"{self.begun_at:%Y-%m-%d %H:%M}"


class MirroredOwner(models.Model):
    """What DynamoDB calls an owner whom an import brought here; others go by their number."""

    owner = models.OneToOneField(Owner, models.CASCADE, related_name="+", verbose_name=_("owner"))
    app_id = models.CharField("OwnerId", max_length=255, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.app_id
