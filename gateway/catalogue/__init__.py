"""What the acts say: passports, application forms, working days and deadlines."""
