"""The wire: ShEP SOAP messages as bytes on the outside, typed messages on the inside."""
