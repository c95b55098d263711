"""What an application is about, so that a second one for the same thing can be told from one for another."""

from hashlib import sha256

from gateway.catalogue import kazakh
from gateway.catalogue.application import Application
from gateway.catalogue.service import Service

_LENGTH = 32


def matter(service: Service, application: Application) -> str:
    """Return a digest that is the same for two applications of one person for the same thing.

    No act says what happens to a second application while the first runs. Ours (docs/decisions/0033): one at a time for
    one matter, which is the service and the fields that its form names in `same_matter`: the kind of assistance, the
    dwelling, the child. Letters of the same look, case and spaces do not count.

    The digest is over personal data: it is to be kept as they are.
    """
    fields = [application.fields.get(path, "") for path in service.form.declaration.same_matter]
    values = (
        service.id,
        application.applicant.iin,
        *(" ".join(kazakh.normalised(v).casefold().split()) for v in fields),
    )
    return sha256("\x1f".join(values).encode()).hexdigest()[:_LENGTH]
