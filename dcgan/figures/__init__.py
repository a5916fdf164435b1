"""Grids, GIFs and plots."""
