"""The cluster's network. The control plane is in the namespace of the tests, on a bridge; each node has a
namespace of its own, and a route to the pods of the others."""

from dataclasses import dataclass
from pathlib import Path

from testbed.host import sh

CONTROL_PLANE = "10.200.0.1"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
DNS = "10.96.0.10"


@dataclass(frozen=True)
class Place:
    """A node's name and addresses."""

    number: int

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def address(self) -> str:
        return f"10.200.0.1{self.number}"

    @property
    def pods(self) -> str:
        return f"10.244.{self.number}.0/24"

    def inside(self, *command: str) -> list[str]:
        """The command, in the node's network. Not `ip netns exec`, which hides mounts."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *command]


PLACES = [Place(number) for number in (1, 2, 3)]


def connect() -> None:
    """Creates the network."""
    sh("ip", "link", "set", "lo", "up")
    sh("sysctl", "-qw", "net.ipv4.ip_forward=1")
    sh("ip", "link", "add", "br0", "type", "bridge")
    sh("ip", "address", "add", f"{CONTROL_PLANE}/24", "dev", "br0")
    sh("ip", "link", "set", "br0", "up")
    for place in PLACES:
        sh("ip", "netns", "add", place.name)
        sh("ip", "link", "add", place.name, "type", "veth", "peer", "name", "eth0", "netns", place.name)
        sh("ip", "link", "set", place.name, "master", "br0", "up")
        sh("ip", "route", "add", place.pods, "via", place.address)
        sh(*place.inside("ip", "link", "set", "lo", "up"))
        sh(*place.inside("ip", "address", "add", f"{place.address}/24", "dev", "eth0"))
        sh(*place.inside("ip", "link", "set", "eth0", "up"))
        sh(*place.inside("ip", "route", "add", "default", "via", CONTROL_PLANE))
        sh(*place.inside("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"))
        for other in PLACES:
            if other != place:
                sh(*place.inside("ip", "route", "add", other.pods, "via", other.address))
    # The tests call Services through the first node, as a router would.
    sh("ip", "route", "add", SERVICES, "via", PLACES[0].address)
    # /etc is a copy. Programs that the tests run in a pod's network resolve names as the pod does.
    domains = "postern.svc.cluster.local svc.cluster.local cluster.local"
    Path("/etc/resolv.conf").unlink(missing_ok=True)
    Path("/etc/resolv.conf").write_text(f"nameserver {DNS}\nsearch {domains}\noptions ndots:5\n")
