"""A failover of redis-sentinel by name."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_sentinels_elect_a_primary_where_the_dns_denies_the_name_of_a_lost_pod_at_once(tmp_path: Path) -> None:
    own = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*own, sys.executable, str(HERE / "sentinel_names.py"), str(tmp_path), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["elected_after"] is not None and seen["elected_after"] < 20, seen
    assert seen["silent_for"] < 2, "a service finds a sentinel that answers"
