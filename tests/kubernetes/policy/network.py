"""The allowed network flows. All others are denied."""

from ipaddress import ip_network
from typing import Iterator

from cluster import SERVICES, Cluster, Document, matches, name_of
from policy import breaks, rule

Flow = tuple[str, str, str]  # source, destination, port

REDIS = ["TCP 6379", "TCP 26379"]
GRPC = {"code-issuer": "TCP 50051", "verifier": "TCP 50052", "journey-runner": "TCP 50053"}

# Flows between the namespace and the outside.
INTO: set[Flow] = {
    *(("postern-callers", service, port) for service, port in GRPC.items()),
    *(("postern-edge", service, "TCP 8080") for service in ("code-issuer", "journey-runner")),
    *(("postern-monitoring", service, "TCP 9090") for service in SERVICES),
}
OUT_OF: set[Flow] = {
    *((service, "postern-directory", "TCP 50060") for service in ("code-issuer", "verifier")),
    ("everybody", "kube-dns", "UDP 53"),
    ("everybody", "kube-dns", "TCP 53"),
    ("opentelemetry-collector", "anybody", "TCP 4317"),
}
# Flows inside the namespace, which need a policy at both ends.
WITHIN: set[Flow] = {
    ("journey-runner", "verifier", "TCP 50052"),
    ("journey-runner", "code-issuer", "TCP 50051"),
    *((service, "redis", port) for service in SERVICES for port in REDIS),
    *(("redis", "redis", port) for port in [*REDIS, "TCP 16379"]),
    *((service, "opentelemetry-collector", "TCP 4317") for service in SERVICES),
}

# Those of the console, where it is added.
CONSOLE_INTO: set[Flow] = {
    ("postern-edge", "console", "TCP 8080"),
    ("postern-monitoring", "console", "TCP 9090"),
}
CONSOLE_OUT_OF: set[Flow] = {("console", "anybody", "TCP 443")}
CONSOLE_WITHIN: set[Flow] = {
    ("console", "code-issuer", "TCP 50051"),
    ("console", "code-issuer", "TCP 8080"),
    ("console", "verifier", "TCP 50052"),
}
# Redis and the Collector admit every pod of Postern.
CONSOLE_OUT_OF |= {("console", "redis", port) for port in REDIS}
CONSOLE_OUT_OF |= {("console", "opentelemetry-collector", "TCP 4317")}

# Those of OpenID Connect, where it is added.
OPENID_WITHIN: set[Flow] = {("code-issuer", "journey-runner", "TCP 50053")}

# That of notices and identity providers, where it is added.
PUBLIC_HTTPS_OUT_OF: set[Flow] = {("code-issuer", "addresses", "TCP 443")}

# Networks with services of the cluster or of the cloud that trust every caller.
PRIVATE = [ip_network(it) for it in (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)]


def ends(peer: Document) -> list[str]:
    """A description of a policy's peer."""
    if set(peer) == {"namespaceSelector", "podSelector"}:
        return [peer["podSelector"]["matchLabels"]["k8s-app"]]
    if set(peer) == {"namespaceSelector"}:
        (label,) = peer["namespaceSelector"].get("matchLabels", {"everywhere": "true"}).items()
        return [label[0] if label[1] == "true" else str(label)]
    if set(peer) == {"podSelector"}:
        labels = peer["podSelector"].get("matchLabels", {})
        if labels == {"app.kubernetes.io/part-of": "postern"}:
            return list(SERVICES)
        return [labels.get("app.kubernetes.io/name", "everybody")]
    if set(peer) == {"ipBlock"}:
        return ["addresses"]
    return [str(peer)]


def flows(policy: Document, direction: str) -> Iterator[Flow]:
    """The flows that a policy allows."""
    labels = policy["spec"]["podSelector"].get("matchLabels", {})
    subject = labels.get("app.kubernetes.io/name", "everybody")
    side = "from" if direction == "ingress" else "to"
    for rule_ in policy["spec"].get(direction, []):
        peers = [end for peer in rule_.get(side, []) for end in ends(peer)] or ["anybody"]
        ports = [f"{it.get('protocol', 'TCP')} {it['port']}" for it in rule_.get("ports", [])]
        for peer in peers:
            for port in ports or ["any port"]:
                yield (peer, subject, port) if side == "from" else (subject, peer, port)


@rule
def only_named_flows_pass(cluster: Cluster) -> Iterator[str]:
    policies = cluster.of("NetworkPolicy")
    inward = {flow for policy in policies for flow in flows(policy, "ingress")}
    outward = {flow for policy in policies for flow in flows(policy, "egress")}
    into, out_of, within = INTO, OUT_OF, WITHIN
    if any(name_of(it) == "console" for it in cluster.of("Deployment")):
        into, out_of, within = into | CONSOLE_INTO, out_of | CONSOLE_OUT_OF, within | CONSOLE_WITHIN
    if any(name_of(it) == "openid" for it in cluster.of("HTTPRoute")):
        within = within | OPENID_WITHIN
    if any(name_of(it) == "code-issuer-to-public-https" for it in policies):
        out_of = out_of | PUBLIC_HTTPS_OUT_OF
    for found, named, where in (
        (inward, into | within, "into the pods"),
        (outward, out_of | within, "out of the pods"),
    ):
        for flow in sorted(found - named):
            yield f"{where}: {' -> '.join(flow)} is not among the named flows"
        for flow in sorted(named - found):
            yield f"{where}: {' -> '.join(flow)} cannot pass"


@breaks(only_named_flows_pass)
def an_issuer_that_reaches_the_verifier(cluster: Cluster) -> None:
    egress = cluster.one("NetworkPolicy", "code-issuer")["spec"]["egress"]
    peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "verifier"}}}
    egress.append({"to": [peer], "ports": [{"protocol": "TCP", "port": 50052}]})


@breaks(only_named_flows_pass)
def a_way_out_to_anywhere(cluster: Cluster) -> None:
    cluster.one("NetworkPolicy", "verifier")["spec"]["egress"].append({})


@breaks(only_named_flows_pass)
def dns_over_udp_alone(cluster: Cluster) -> None:
    (egress,) = cluster.one("NetworkPolicy", "names")["spec"]["egress"]
    egress["ports"] = [port for port in egress["ports"] if port["protocol"] == "UDP"]


@breaks(only_named_flows_pass)
def a_flow_with_leave_at_one_end(cluster: Cluster) -> None:
    ingress = cluster.one("NetworkPolicy", "verifier")["spec"]["ingress"]
    ingress[0]["from"] = [peer for peer in ingress[0]["from"] if "namespaceSelector" in peer]


@rule
def no_block_of_addresses_holds_a_private_network(cluster: Cluster) -> Iterator[str]:
    for policy in cluster.of("NetworkPolicy"):
        rules = [*policy["spec"].get("egress", []), *policy["spec"].get("ingress", [])]
        peers = [peer for it in rules for peer in [*it.get("to", []), *it.get("from", [])]]
        for block in [peer["ipBlock"] for peer in peers if "ipBlock" in peer]:
            allowed, left_out = ip_network(block["cidr"]), map(ip_network, block.get("except", []))
            left_out = [it for it in left_out if it.version == allowed.version]
            for private in [it for it in PRIVATE if it.version == allowed.version]:
                if allowed.overlaps(private) and not any(private.subnet_of(it) for it in left_out):
                    yield f"{name_of(policy)}: {block['cidr']} leads to {private}"


@breaks(no_block_of_addresses_holds_a_private_network)
def a_way_out_to_the_metadata_service(cluster: Cluster) -> None:
    egress = cluster.one("NetworkPolicy", "code-issuer")["spec"]["egress"]
    private = [str(it) for it in PRIVATE if it.version == 4 and str(it) != "169.254.0.0/16"]
    egress.append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": private}}]})


@rule
def nothing_passes_by_default(cluster: Cluster) -> Iterator[str]:
    for policy in cluster.of("NetworkPolicy"):
        spec = policy["spec"]
        if spec["podSelector"] == {} and set(spec) == {"podSelector", "policyTypes"}:
            if set(spec["policyTypes"]) == {"Ingress", "Egress"}:
                return
    yield "no policy denies everything to every pod, both ways"


@breaks(nothing_passes_by_default)
def a_default_for_one_way(cluster: Cluster) -> None:
    cluster.one("NetworkPolicy", "default-deny")["spec"]["policyTypes"] = ["Ingress"]


@rule
def services_lead_to_pods(cluster: Cluster) -> Iterator[str]:
    for service in cluster.of("Service"):
        spec, found = service["spec"], False
        for pod in cluster.pods():
            if not matches({"matchLabels": spec["selector"]}, pod.labels):
                continue
            found = True
            ports = {port["name"] for it in pod.containers() for port in it.get("ports", [])}
            for port in spec["ports"]:
                if port["targetPort"] not in ports:
                    yield f"{name_of(service)}: {pod.name} has no port {port['targetPort']}"
        if not found:
            yield f"{name_of(service)}: it leads to no pod"
        if spec.get("type", "ClusterIP") != "ClusterIP":
            yield f"{name_of(service)}: it can be reached past the gateway"


@breaks(services_lead_to_pods)
def a_service_that_leads_nowhere(cluster: Cluster) -> None:
    cluster.one("Service", "verifier-pods")["spec"]["selector"] = {"app": "verifier"}


@breaks(services_lead_to_pods)
def a_service_with_a_port_of_the_node(cluster: Cluster) -> None:
    cluster.one("Service", "verifier")["spec"]["type"] = "NodePort"


@rule
def the_runner_balances_calls_and_not_connections(cluster: Cluster) -> Iterator[str]:
    (runner,) = [pod for pod in cluster.services() if pod.name == "journey-runner"]
    host, _, port = runner.environment()["POSTERN_VERIFIER"]["value"].split("//")[1].partition(":")
    service = cluster.one("Service", host)
    if service["spec"].get("clusterIP") != "None":
        yield f"the runner asks {host}, which stands for its pods: one connection, one pod"
    if int(port) not in [it["port"] for it in service["spec"]["ports"]]:
        yield f"{host} has no port {port}"


@breaks(the_runner_balances_calls_and_not_connections)
def a_runner_that_asks_one_address(cluster: Cluster) -> None:
    del cluster.one("Service", "verifier-pods")["spec"]["clusterIP"]
