"""Pictures back to latents: how far pictures are apart, and the search."""
