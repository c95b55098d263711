"""Electronic digital signatures (EDS, ЭЦҚ): algorithms, XML signatures, NCA certificates, chains, verdicts."""
