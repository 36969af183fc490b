"""What leads in from outside, and who looks on: kinds that no schema here knows."""

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
