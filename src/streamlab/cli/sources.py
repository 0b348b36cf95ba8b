"""Parses a source of the command line, with the credentials that the settings hold for its host."""

from __future__ import annotations

from streamlab.cli.terminal import SAFER_SOURCE, warn_of_credentials
from streamlab.config.source_credentials import with_known
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings


def parse_source(text: str, settings: Settings | None = None) -> SourceSpec:
    """Return a source; warn if it holds credentials. Raises SourceError, ConfigurationError."""
    spec = SourceSpec.parse(text)
    warn_of_credentials(text, "The source", SAFER_SOURCE)
    return with_known(spec, (settings or Settings()).credentials)
