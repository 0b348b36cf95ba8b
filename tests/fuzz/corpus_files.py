"""The corpus: inputs that once broke something, by what they broke."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.fuzz.mutate import Mutant

CORPUS = Path(__file__).parent / "corpus"
MEDIA = CORPUS / "media"
FOUND = Path(__file__).parents[1] / "artifacts" / "fuzz"
"""For what is too large to be kept."""
MAX_KEPT_BYTES = 64 << 10


def keep(name: str, data: bytes) -> Path:
    """Save an input that broke a parser, and return where."""
    return _write(CORPUS / name / sha256(data).hexdigest()[:16], data)


def keep_mutant(mutant: Mutant) -> Path:
    """Save the file of a mutant that its seed does not have, and return where."""
    folder = MEDIA if len(mutant.data) <= MAX_KEPT_BYTES else FOUND
    return _write(folder / mutant.name, mutant.data)


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
