"""What can go wrong with a study."""


class StudyError(RuntimeError):
    """A study cannot be planned, run or read; the message says why, and what is safe."""
