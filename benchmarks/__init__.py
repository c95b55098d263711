"""Benchmarks: what is measured against what, one command each."""
