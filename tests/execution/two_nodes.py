"""A Ray cluster of two nodes of one CPU each on loopback, in a process of its own.

    python two_nodes.py FOLDER [GIBIBYTES]

It prints the cluster's address, then does what standard input says: `lose` kills the second node and adds another,
`behead` kills the head and all that belongs to it. It ends, with the cluster, when its input closes.
"""

import sys
from pathlib import Path

from ray._private.utils import get_ray_address_file
from ray.cluster_utils import Cluster

LOOPBACK = "127.0.0.1"


def main(folder: str, gibibytes: str = "4") -> None:
    node = {"num_cpus": 1, "node_ip_address": LOOPBACK, "memory": int(float(gibibytes) * 2**30), "temp_dir": folder}
    # Ray notes the address in a folder of its own, which it makes only for a cluster without one of ours.
    Path(get_ray_address_file(None)).parent.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    other = cluster.add_node(**node)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line == "lose\n":
            cluster.remove_node(other, allow_graceful=False)
            other = cluster.add_node(**node)
        elif line == "behead\n":
            cluster.remove_node(cluster.head_node, allow_graceful=False)
        print("done", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
