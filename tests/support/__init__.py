"""What several tests share: real servers and real clients, no stand-ins."""
