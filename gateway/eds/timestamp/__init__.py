"""Time stamps (RFC 3161): asked for, read and examined."""
