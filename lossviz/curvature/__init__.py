"""Curvature: what the Hessian says about a point."""
