"""CMS signatures (RFC 5652): read strictly, examined, and made as NCALayer makes them."""
