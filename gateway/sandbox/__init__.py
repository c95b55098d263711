"""The rest of the e-government in one process, for the demo and the tests."""
