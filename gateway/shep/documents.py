"""The published WSDL and XSD, with this installation's addresses filled in."""

from lxml import etree

from gateway.resources import schemas
from gateway.shep.contract import Channel

_ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"
_CHANNELS = {"SyncChannel": Channel.SYNC, "AsyncChannel": Channel.ASYNC, "AsyncChannelClient": Channel.ASYNC}
_INTERFACES = ("ISyncChannel", "IAsyncChannel", "IAsyncChannelClient")
_TYPES = (
    "CommonTypes",
    "SyncChannelTypes",
    "SyncChannelRequest",
    "SyncChannelResponse",
    "AsyncChannelTypes",
    "AsyncChannelITypes",
    "AsyncChannelClientTypes",
)
_QUERIES = {
    (Channel.SYNC, "wsdl"): "SyncChannel.wsdl",
    (Channel.ASYNC, "wsdl"): "AsyncChannel.wsdl",
    (Channel.ASYNC, "wsdl=client"): "AsyncChannelClient.wsdl",
}


class Documents:
    """The files as served; their names are a fixed list, so no path ever comes from a request."""

    def __init__(self, public_url: str) -> None:
        """Take the address under which the world reaches us, e.g. `https://gate.example.kz`."""
        folder = schemas() / "shep"
        plain = [f"{name}.wsdl" for name in _INTERFACES] + [f"{name}.xsd" for name in _TYPES]
        self._files = {name: (folder / name).read_bytes() for name in plain}
        for stem, channel in _CHANNELS.items():
            tree = etree.parse(folder / f"{stem}.wsdl")
            for address in tree.iter(_ADDRESS):
                address.set("location", f"{public_url.rstrip('/')}/shep/{channel.value}")
            self._files[f"{stem}.wsdl"] = etree.tostring(tree, encoding="UTF-8", xml_declaration=True)

    def file(self, name: str) -> bytes | None:
        """Return a file by its name, or None if there is none of that name."""
        return self._files.get(name)

    def query(self, channel: Channel, query: str) -> bytes | None:
        """Return what an endpoint answers to `?wsdl` or `?wsdl=client`, or None."""
        name = _QUERIES.get((channel, query.lower().rstrip("=")))
        return self._files[name] if name else None
