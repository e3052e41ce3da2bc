"""What a person reads when a store refused: whether the keys are no good, or which right they lack."""

from django.utils.translation import gettext as _

from portal.s3 import actions

# A refused HEAD has no body, so no reason: most often it is a right.
_FOR_WANT_OF_A_RIGHT = {"403", "AccessDenied", "AllAccessDisabled"}
_OVER = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}


def sentence(operation: str, code: str, said: str) -> str:
    """Return it, with the IAM action where one is known; `said` is the store's own message."""
    asked = actions.missing(operation, said) if code in _FOR_WANT_OF_A_RIGHT else ()
    if asked:
        return _(
            "The store refused access: it asks for the right %(action)s. "
            "Ask the storage operator to check keys and permissions."
        ) % {"action": _(" or ").join(asked)}
    if code in _OVER:
        return _("The store refused access: the portal's temporary keys have ended. Give it new ones.")
    return _("The store refused access. Ask the storage operator to check keys and permissions.")
