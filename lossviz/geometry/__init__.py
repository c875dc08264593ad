"""Geometry: directions, planes, paths, trajectories, sharpness and symmetries of a landscape."""
