"""Qaqpa: the gateway between egov.kz and the bodies that provide public services."""
