"""What can go wrong with an evaluation; part of the detector's tree of errors."""

from ntf.errors import NtfError


class EvaluationImpossible(NtfError):
    """The split, the scores or the conditions that were asked for do not allow the figures."""

    code = "evaluation_impossible"
