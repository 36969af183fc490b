"""A Kubernetes cluster of three nodes on one machine: a real control plane, and on each node containerd,
kubelet, kube-proxy and a policy engine. Nodes are network namespaces.

All of it runs in namespaces that ../run makes, so that its processes, mounts and networks end with them.
"""
