"""Optional dependencies: reports which extra to install if one is missing."""

from __future__ import annotations

from streamlab.errors import StreamlabError


def require(module: str, extra: str) -> None:
    """Import ``module``; raise StreamlabError with the ``extra`` to install if that fails."""
    try:
        __import__(module)
    except ImportError as error:
        raise StreamlabError(
            f"{module} is not installed ({error})", hint=f"pip install 'streamlab-vision[{extra}]'"
        ) from error
