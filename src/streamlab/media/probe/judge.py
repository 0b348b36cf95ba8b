"""Whether a source's own H.264 may be passed through."""

from __future__ import annotations

from streamlab.core.nal import ParameterSets
from streamlab.core.passthrough import PassthroughJudge, objection
from streamlab.errors import StreamlabError
from streamlab.media.container import ContainerSource
from streamlab.media.source import Source


def judge_of(source: Source) -> tuple[ParameterSets | None, PassthroughJudge]:
    """Return a source's parameter sets, and the judge of whether it can be passed through."""
    if isinstance(source, ContainerSource) and source.extradata and source.objection:
        return None, PassthroughJudge(source.objection)
    if not source.extradata:
        return None, PassthroughJudge(f"the camera's own picture is {source.info.codec}, not H.264")
    try:
        sets = ParameterSets.from_extradata(source.extradata)
        why_not = "the camera's H.264 has B-frames" if source.reorders else objection(sets)
    except StreamlabError as error:
        return None, PassthroughJudge(str(error))
    return sets, PassthroughJudge(why_not)
