"""Is it good, is it varied, is it copying?"""
