"""What every cluster has besides its nodes: the kinds of others, names, storage, metrics and certificates."""

from pathlib import Path

from kinds import teach

from testbed.control_plane import ControlPlane
from testbed.network import CONTROL_PLANE, DNS, PLACES
from testbed.programs import start

HERE = Path(__file__).parent
# As many as the pods of Redis that may run on a node.
VOLUMES = 2


def install(work: Path, plane: ControlPlane) -> None:
    """Installs all of them."""
    teach(plane.kubectl)
    names = (HERE / "dns.yaml").read_text().replace("DNS_ADDRESS", DNS)
    metrics = (HERE / "metrics.yaml").read_text().replace("CONTROL_PLANE", CONTROL_PLANE)
    plane.kubectl("apply", "-f", "-", given="\n---\n".join([names, metrics, *volumes(work)]))
    admin = plane.access("admin")
    plane.programs["metrics-server"] = start(work, "metrics-server", [
        f"--kubeconfig={admin}", f"--authentication-kubeconfig={admin}", f"--authorization-kubeconfig={admin}",
        f"--bind-address={CONTROL_PLANE}", "--secure-port=4443", f"--cert-dir={work}/metrics-server",
        "--kubelet-insecure-tls", "--kubelet-preferred-address-types=InternalIP", "--metric-resolution=15s",
    ])
    plane.programs["cert-manager"] = start(
        work, "controller", [f"--kubeconfig={admin}", "--leader-elect=false", "--namespace=postern"]
    )


def volumes(work: Path) -> list[str]:
    """The default storage class, and local volumes of each node."""
    made = ["""
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: local
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
"""]
    for place in PLACES:
        for number in range(VOLUMES):
            folder = work / "volumes" / f"{place.name}-{number}"
            folder.mkdir(parents=True)
            made.append(f"""
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {folder.name}}}
spec:
  capacity: {{storage: 8Gi}}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: local
  local: {{path: {folder}}}
  nodeAffinity:
    required:
      nodeSelectorTerms:
        - matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{place.name}]}}]
""")
    return made
