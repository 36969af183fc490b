"""Keeps the machine as it is: what the cluster's programs write to it, they write to copies."""

import subprocess
from pathlib import Path

# The kubelet sets these for the whole machine.
SETTINGS = (
    "vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
)
CGROUPS = Path("/sys/fs/cgroup")


def sh(*command: str | Path) -> str:
    """Runs a command, which must succeed, and returns its output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
    return done.stdout


def protect(work: Path) -> None:
    """Covers files and folders of the machine in this mount namespace."""
    for setting in SETTINGS:
        copy = work / "settings" / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((Path("/proc/sys") / setting).read_text())
        sh("mount", "--bind", copy, f"/proc/sys/{setting}")
    for folder in ("etc", "var"):
        upper, scratch = work / "over" / folder, work / "over" / f"{folder}.scratch"
        upper.mkdir(parents=True)
        scratch.mkdir()
        layers = f"lowerdir=/{folder},upperdir={upper},workdir={scratch}"
        sh("mount", "-t", "overlay", "overlay", "-o", layers, f"/{folder}")
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/lock").mkdir()


def create_cgroup(name: str) -> None:
    """Creates a cgroup in every hierarchy. ../run removes them."""
    for hierarchy in CGROUPS.iterdir():
        if not hierarchy.is_dir() or hierarchy.is_symlink():
            continue
        folder = hierarchy
        for part in name.split("/"):
            folder = folder / part
            folder.mkdir(exist_ok=True)
            # A new cpuset has no processor and no memory.
            for file in ("cpuset.cpus", "cpuset.mems"):
                if hierarchy.name == "cpuset":
                    (folder / file).write_text((hierarchy / file).read_text())
