"""Certificate revocation lists (RFC 5280 section 5): verified, indexed on disk, looked up without being loaded."""
