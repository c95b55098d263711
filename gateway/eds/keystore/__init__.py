"""Where private keys are kept: PEM and PKCS #12 files, PKCS #11 tokens; and how a changed file is taken up."""
