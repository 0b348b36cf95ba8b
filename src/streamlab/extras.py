"""The optional dependencies, and what to install where one is missing."""

from __future__ import annotations

from streamlab.errors import StreamlabError


def require(module: str, extra: str) -> None:
    """Raise StreamlabError that says what to install, unless ``module`` can be imported."""
    try:
        __import__(module)
    except ImportError as error:
        raise StreamlabError(
            f"{module} is not installed ({error})", hint=f"pip install 'streamlab-vision[{extra}]'"
        ) from error
