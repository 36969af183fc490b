"""A node: containerd, kubelet, kube-proxy and the engine of network policies."""

import json
from dataclasses import dataclass
from pathlib import Path

from testbed.control_plane import ControlPlane, wait_for
from testbed.host import create_cgroup, sh
from testbed.network import DNS, PODS, SERVICES, Place
from testbed.programs import start

CONTAINERD = """
version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
KUBELET = """
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
cgroupRoot: /{cgroup}
failSwapOn: false
# Cgroups of version 1 will do.
failCgroupV1: false
containerRuntimeEndpoint: unix://{folder}/containerd.sock
podLogsDir: {folder}/logs
volumePluginDir: {folder}/plugins
address: {address}
healthzBindAddress: 127.0.0.1
# Only the control plane and the nodes are in its network.
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
clusterDNS: [{dns}]
clusterDomain: cluster.local
resolvConf: {folder}/resolv.conf
oomScoreAdj: 0
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 100Mi}}
# Secrets reach the pods within seconds.
syncFrequency: 10s
"""


@dataclass
class Worker:
    """One node."""

    place: Place
    folder: Path

    def ctr(self, *arguments: str | Path) -> str:
        return sh("ctr", "--address", self.folder / "containerd.sock", "--namespace", "k8s.io", *arguments)


def run(work: Path, place: Place, plane: ControlPlane, images: list[Path]) -> Worker:
    """Starts a node with its images."""
    folder = work / place.name
    (folder / "cni").mkdir(parents=True)
    cgroup = f"{work.name}/{place.name}"
    create_cgroup(cgroup)
    (folder / "containerd.toml").write_text(CONTAINERD.format(folder=folder))
    (folder / "resolv.conf").write_text("search example.internal\n")
    (folder / "kubelet.yaml").write_text(
        KUBELET.format(folder=folder, cgroup=cgroup, address=place.address, dns=DNS)
    )
    ranges = [[{"subnet": place.pods}]]
    bridge = {
        "type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipMasq": False,
        "ipam": {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}],
                 "dataDir": str(folder / "addresses")},
    }
    network = {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}
    (folder / "cni/10-pods.conflist").write_text(json.dumps(network))

    worker = Worker(place, folder)

    def go(name: str, *flags: str) -> None:
        plane.programs[f"{name} of {place.name}"] = start(work, name, list(flags), place.inside, place.name)

    go("containerd", "--config", str(folder / "containerd.toml"))
    wait_for("containerd", (folder / "containerd.sock").exists)
    for image in images:
        worker.ctr("images", "import", "--no-unpack", image)
    go(
        "kubelet", f"--kubeconfig={plane.access(f'system:node:{place.name}')}", f"--config={folder}/kubelet.yaml",
        f"--root-dir={folder}/kubelet", f"--cert-dir={folder}/certificates", f"--hostname-override={place.name}",
        f"--node-ip={place.address}", f"--node-labels=topology.kubernetes.io/zone=zone-{place.number}",
    )
    go(
        "kube-proxy", f"--kubeconfig={plane.access('system:kube-proxy')}", f"--hostname-override={place.name}",
        "--proxy-mode=nftables", f"--cluster-cidr={PODS}", "--conntrack-max-per-core=0", "--conntrack-min=0",
        "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
    )
    # It ends if it does not find its node.
    wait_for("the node", lambda: place.name in plane.kubectl("get", "nodes", "--output=name"), plane)
    go(
        "kube-router", f"--kubeconfig={plane.access('controllers')}", f"--hostname-override={place.name}",
        "--run-firewall=true", "--run-router=false", "--run-service-proxy=false",
        f"--service-cluster-ip-range={SERVICES}", "--metrics-port=0", "--health-port=0",
    )
    return worker
