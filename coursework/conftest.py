"""What pytest leaves alone here: nbgrader's settings are no module by themselves."""

collect_ignore = ["nbgrader_config.py"]
