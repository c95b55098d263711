"""The life of an application, from acceptance to confirmed delivery."""
