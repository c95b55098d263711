"""The GOST algorithms of the National Certification Authority: hashes, signatures, keys.

Everything is here in pure Python; libraries found at run time only make it faster (see `backend`).
"""
