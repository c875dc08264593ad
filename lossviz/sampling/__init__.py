"""Sampling: walks through a landscape and what is measured along them."""
