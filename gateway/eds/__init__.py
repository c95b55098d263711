"""Electronic digital signatures (EDS, ЭЦҚ): algorithms, XML signatures, NCA certificates, chains, verdicts."""

from gateway.eds.gost.register import register as _register_gost

_register_gost()
