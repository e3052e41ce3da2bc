"""Messages with an Undo button: what can be undone is done without asking."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _


def offer_undo(request: HttpRequest, text: str, url: str) -> None:
    """Tell what was done and offer to undo it by a POST to `url`. `text` is escaped unless it is safe HTML.

    The button belongs to the form `#undo-form`, which stands with its own CSRF token on
    every admin page: a token inside a stored message could be stale when it is shown.
    """
    messages.success(
        request,
        format_html(
            '{} <button type="submit" class="undo" form="undo-form" formaction="{}">{}</button>',
            text,
            url,
            _("Undo"),
        ),
    )
