"""Ingress and monitoring: kinds without a schema here."""

from typing import Iterator

from cluster import SERVICES, Cluster, Document, matches, name_of
from policy import breaks, rule

PUBLIC_PORT = 8080


@rule
def routes_lead_to_what_is_public(cluster: Cluster) -> Iterator[str]:
    for route in cluster.of("HTTPRoute"):
        spec = route["spec"]
        if set(spec) != {"parentRefs", "hostnames", "rules"} or not spec["hostnames"]:
            yield f"{name_of(route)}: it names no host, or more than a route has"
        for backend in [backend for it in spec["rules"] for backend in it["backendRefs"]]:
            yield from _public(cluster, route, backend["name"], backend["port"])
    for ingress in cluster.of("Ingress"):
        hosts = {host for it in ingress["spec"].get("tls", []) for host in it["hosts"]}
        for each in ingress["spec"]["rules"]:
            if each.get("host") not in hosts:
                yield f"{name_of(ingress)}: {each.get('host')} is served in the clear"
            for path in each["http"]["paths"]:
                service = path["backend"]["service"]
                yield from _public(cluster, ingress, service["name"], service["port"]["name"])


def _public(cluster: Cluster, route: Document, service: str, port: int | str) -> Iterator[str]:
    for it in cluster.one("Service", service)["spec"]["ports"]:
        if port in (it["port"], it["name"]):
            if it["port"] != PUBLIC_PORT:
                yield f"{name_of(route)}: it leads to {service}:{it['name']}, which is not public"
            return
    yield f"{name_of(route)}: {service} has no port {port}"


@breaks(routes_lead_to_what_is_public)
def a_route_to_the_operators_port(cluster: Cluster) -> None:
    cluster.of("HTTPRoute")[0]["spec"]["rules"][0]["backendRefs"][0]["port"] = 9090


@breaks(routes_lead_to_what_is_public)
def a_route_for_every_host(cluster: Cluster) -> None:
    del cluster.of("HTTPRoute")[0]["spec"]["hostnames"]


@rule
def metrics_of_all_services_are_collected(cluster: Cluster) -> Iterator[str]:
    for monitor in cluster.of("ServiceMonitor"):
        spec = monitor["spec"]
        ports = [endpoint["port"] for endpoint in spec["endpoints"]]
        for name in SERVICES:
            service = cluster.one("Service", name)
            if not matches(spec["selector"], service["metadata"].get("labels", {})):
                yield f"{name_of(monitor)}: it does not select {name}"
            if not set(ports) <= {port["name"] for port in service["spec"]["ports"]}:
                yield f"{name_of(monitor)}: {name} has none of the ports {ports}"
        if [endpoint.get("path") for endpoint in spec["endpoints"]] != ["/metrics"]:
            yield f"{name_of(monitor)}: it does not ask for /metrics"


@breaks(metrics_of_all_services_are_collected)
def a_monitor_of_another_port(cluster: Cluster) -> None:
    cluster.of("ServiceMonitor")[0]["spec"]["endpoints"][0]["port"] = "metrics"


@rule
def tls_listeners_have_a_certificate(cluster: Cluster) -> Iterator[str]:
    """Certificates, without a schema here: their issuer, their names, and the pods that use them."""
    certificates = {it["spec"]["secretName"]: it["spec"] for it in cluster.of("Certificate")}
    issuers = {name_of(it) for it in cluster.of("Issuer")}
    for name, spec in certificates.items():
        if spec["issuerRef"] != {"kind": "Issuer", "name": spec["issuerRef"]["name"]}:
            yield f"{name}: it is signed outside of the namespace"
        if spec["issuerRef"]["name"] not in issuers:
            yield f"{name}: there is no issuer {spec['issuerRef']['name']}"
    for pod in cluster.services():
        if "POSTERN_GRPC_TLS_CERTIFICATE" not in pod.environment():
            continue
        mounted = {it.get("secret", {}).get("secretName") for it in pod.spec["volumes"]}
        (own,) = mounted & set(certificates) or {None}
        if own is None:
            yield f"{pod.name}: no Certificate makes its Secret"
            continue
        for service in cluster.of("Service"):
            if matches({"matchLabels": service["spec"]["selector"]}, pod.labels):
                if name_of(service) not in certificates[own]["dnsNames"]:
                    yield f"{own}: it is not for the name {name_of(service)}"
        uses = {"server auth"} | ({"client auth"} if pod.name == "journey-runner" else set())
        if not uses <= set(certificates[own]["usages"]):
            yield f"{own}: it may not be used for {uses}"
        if "POSTERN_GRPC_TLS_CLIENT_AUTHORITY" not in pod.environment():
            yield f"{pod.name}: it takes calls from anybody"


@breaks(tls_listeners_have_a_certificate)
def a_certificate_for_another_name(cluster: Cluster) -> None:
    cluster.one("Certificate", "verifier")["spec"]["dnsNames"] = ["verifier"]


@breaks(tls_listeners_have_a_certificate)
def a_runner_that_is_no_client(cluster: Cluster) -> None:
    cluster.one("Certificate", "journey-runner")["spec"]["usages"].remove("client auth")


@breaks(tls_listeners_have_a_certificate)
def a_service_that_asks_callers_for_nothing(cluster: Cluster) -> None:
    variables = cluster.services()[0].service["env"]
    variables[:] = [it for it in variables if it["name"] != "POSTERN_GRPC_TLS_CLIENT_AUTHORITY"]


@rule
def either_both_ends_speak_tls_or_neither(cluster: Cluster) -> Iterator[str]:
    issuer, verifier, *callers = cluster.services()
    is_served = "POSTERN_GRPC_TLS_CERTIFICATE" in verifier.environment()
    for called, variable in ((verifier, "POSTERN_VERIFIER"), (issuer, "POSTERN_CODE_ISSUER")):
        for caller in callers:
            is_called = caller.environment()[variable]["value"].startswith("https://")
            if ("POSTERN_GRPC_TLS_CERTIFICATE" in called.environment()) != is_called:
                yield f"{caller.name} calls {called.name} in a way that it does not answer"
    for service in cluster.of("Service"):
        for port in service["spec"]["ports"]:
            wanted = "https" if is_served else "kubernetes.io/h2c"
            if port["name"] == "grpc" and port.get("appProtocol") != wanted:
                yield f"{name_of(service)}: its gRPC is announced as {port.get('appProtocol')}"


@breaks(either_both_ends_speak_tls_or_neither)
def a_runner_that_calls_the_issuer_in_another_way(cluster: Cluster) -> None:
    issuer = cluster.services()[2].environment()["POSTERN_CODE_ISSUER"]
    is_secure = issuer["value"].startswith("https")
    issuer["value"] = f"{'http' if is_secure else 'https'}://code-issuer:50051"


@breaks(either_both_ends_speak_tls_or_neither)
def a_runner_that_calls_in_the_clear(cluster: Cluster) -> None:
    verifier = cluster.services()[2].environment()["POSTERN_VERIFIER"]
    verifier["value"] = verifier["value"].replace("https", "http")


@rule
def callers_are_told_apart_behind_the_gateway(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.services():
        is_public = any(port["containerPort"] == PUBLIC_PORT for port in pod.service["ports"])
        if is_public and "POSTERN_TRUSTED_PROXIES" not in pod.environment():
            yield f"{pod.name}: it takes all who come through the gateway for one"


@breaks(callers_are_told_apart_behind_the_gateway)
def a_runner_that_believes_no_gateway(cluster: Cluster) -> None:
    variables = cluster.services()[2].service["env"]
    variables[:] = [it for it in variables if it["name"] != "POSTERN_TRUSTED_PROXIES"]
