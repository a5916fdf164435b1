"""From a folder or OpenMoji to seeded batches in [-1, 1]."""
