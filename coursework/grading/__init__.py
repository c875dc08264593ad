"""Grade submissions of strangers without trusting them, and without losing a mark."""
