"""The generator for other runtimes, and as a page for the browser."""
