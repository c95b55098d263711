"""The business data in `<data>`, cut out as the stand-alone document its sender signed (protocol.md section 4.4)."""

import re
from copy import deepcopy

from lxml import etree

from gateway.shep.fields import whole_text
from gateway.shep.messages import Data

_SPACE = " \t\r\n"
_MARK = "\ufeff"
_DECLARED_ENCODING = re.compile(r"""\A(<\?xml\b[^>]{0,100}?)\s+encoding\s*=\s*(?:"[^"]{0,40}"|'[^']{0,40}')""")


def read_data(element: etree._Element | None) -> Data:
    """Read `<data>`: escaped text and CDATA as text, nested XML by its root; `xsi:type` plays no part."""
    if element is None:
        return Data()
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        text = _document(whole_text(element))
        return Data((text.encode(),)) if text.strip(_SPACE) else Data()
    # typed data may have several elements side by side: then `data` itself is the root
    return Data(_nested(children[0] if len(children) == 1 else element))


def _document(text: str) -> str:
    """Remove what an XML parser would stumble over although the sender's own tools did not."""
    text = text.removeprefix(_MARK)
    start = text.lstrip(_SPACE + _MARK)
    if not start.startswith("<?xml"):
        return text
    # The text is Unicode by now, whatever it was when it was declared; .NET declares utf-16 for every string.
    declared = _DECLARED_ENCODING.match(start)
    if declared and "utf-8" not in declared[0].lower():
        return declared[1] + start[declared.end() :]
    return start


def _nested(root: etree._Element) -> tuple[bytes, ...]:
    # A copy takes along only the namespaces it uses; serialised in place, an element carries all that are in scope.
    # Which of them the sender had when it signed depends on its tools.
    alone = deepcopy(root)
    alone.tail = None
    lean = etree.tostring(alone, encoding="utf-8")
    full = etree.tostring(root, encoding="utf-8", with_tail=False)
    return (lean,) if lean == full else (lean, full)
