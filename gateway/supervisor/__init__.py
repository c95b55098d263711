"""Several processes on one port: started, watched, given connections in turn, and ended together.

One process listens and hands each connection to a replica (`passing`), starts a replica anew when it dies (`replica`),
runs the embedded database if there is one, and answers for all of them about metrics and health (`admin`).
Why it is done so: docs/decisions/0050-replicas.md.
"""
