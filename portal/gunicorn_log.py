"""gunicorn's access log without the tokens of share links; the image names it by `--logger-class`."""

from typing import Any

from gunicorn.glogging import Logger

from portal.log_privacy import without_tokens


class TokenlessLogger(Logger):
    """Writes the lines of gunicorn's own logger; where a token stood, a mark stands."""

    def atoms(self, *args: Any) -> dict[str, Any]:
        """Return what a line is made of: address, request line, headers and such, by their letters."""
        atoms: dict[str, Any] = super().atoms(*args)
        return {
            name: without_tokens(value) if isinstance(value, str) else value for name, value in atoms.items()
        }
