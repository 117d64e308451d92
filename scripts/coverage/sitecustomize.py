"""Starts coverage.py in every Python process of the tests, children included."""

import coverage

coverage.process_startup()
