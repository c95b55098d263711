"""`docs/integrator.md`: its messages come from the running sandbox, its table of codes from the table here."""
