"""Adapters: one module per kind of provider information system, behind one port."""
