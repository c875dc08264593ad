"""Analysis: from samples to numbers."""
