# What `--help` prints: the list of verbs, or one verb with an example.

show_help() {
    case ${1:-} in
        up) help_up ;;
        node | zone) help_switch ;;
        partition) help_partition ;;
        component) help_component ;;
        exec | kubectl | helm | kubeconfig | netns) help_access ;;
        load-image) help_load_image ;;
        *) help_small "${1:-}" ;;
    esac
}

help_verbs() {
    cat <<-TEXT
	A real multi-node Kubernetes on this one Linux machine. Needs root; run by tests and by you.

	  cluster up [--nodes N] [--zones N] [--profile real|scale]   raise it (6 nodes in 3 zones)
	  cluster down                       take everything back
	  cluster status                     what runs; 1 when no cluster is up
	  cluster preflight                  what this machine lacks, with the remedy; changes nothing
	  cluster build                      only fill the caches

	  cluster kubectl ARGS...            cluster helm ARGS...
	  cluster exec -- CMD                run CMD where the API server and the pods can be reached
	  cluster kubeconfig                 print the path of the kubeconfig (for use with exec)
	  cluster netns NODE                 print the path of a node's network namespace
	  cluster load-image FILE.tar        an OCI or docker archive into every node
	  cluster logs [-f] COMPONENT        of the control plane or of NODE/DAEMON

	  cluster node off|on|freeze|thaw|cut|heal NODE...       power, pause and cable of nodes
	  cluster zone off|on|freeze|thaw|cut|heal ZONE...       of all nodes of a zone
	  cluster partition A B | heal       nodes, zones or "control" that cannot reach each other
	  cluster component crash|restart|freeze|thaw NAME       one daemon, as kube-apiserver or kn1/kubelet

	cluster VERB --help says more. Caches: $CACHE (SCALABLEAPP_CACHE); run: $STATE (SCALABLEAPP_STATE).
	TEXT
}

help_up() {
    cat <<-TEXT
	cluster up [--nodes N] [--zones N] [--profile real|scale]

	  --nodes N       real: 0 to $MAX_NODES (6); 0 is the control plane only, in 3 s.
	                  scale: 0 to $MAX_FAKE_NODES simulated nodes ($DEFAULT_FAKE_NODES)
	  --zones N       1 to 9 (3); nodes kn1, kn2, ... are spread over z1, z2, ... in turn
	  --profile real  kubelets, containers, cluster DNS, metrics, volumes
	  --profile scale the real control plane with nodes and pods simulated by kwok

	The first time compiles Kubernetes and makes the images (up to 10 minutes), later 20 s.
	A cluster that is up already stays as it is. Interrupted (Ctrl-C) or failed, it takes itself back.

	  cluster up && cluster kubectl get nodes
	TEXT
}

help_switch() {
    cat <<-TEXT
	cluster node off|on|freeze|thaw|cut|heal NODE...      (kn1, kn2, ...)
	cluster zone off|on|freeze|thaw|cut|heal ZONE...      (z1, z2, ...)

	  off, on       power: every process dies at once; disks and images are there again after "on"
	  freeze, thaw  every process of the node stops in the middle of what it does, and goes on later
	  cut, heal     the network cable: the node lives, and hears and says nothing

	With --profile scale only "zone off|on" exist.

	  cluster zone off z2; cluster kubectl get nodes -w     (NotReady after 8 to 10 s)
	TEXT
}

help_partition() {
    cat <<-TEXT
	cluster partition A B      A and B cannot reach each other, nodes and pods; all else works
	cluster partition heal     removes every partition

	A and B are nodes (kn1), zones (z1) or "control" (the API server and what runs beside it).

	  cluster partition z1 z2
	TEXT
}

help_component() {
    cat <<-TEXT
	cluster component crash|restart|freeze|thaw NAME

	  NAME  etcd, kube-apiserver, kube-controller-manager, kube-scheduler, metrics-server, disk-service,
	        or NODE/containerd, NODE/kubelet, NODE/kube-proxy

	A crash is a SIGKILL, and nothing starts it again but "restart".

	  cluster component crash kube-apiserver; sleep 20; cluster component restart kube-apiserver
	TEXT
}

help_access() {
    cat <<-TEXT
	cluster kubectl ARGS...    cluster helm ARGS...    cluster exec -- CMD...    cluster kubeconfig    cluster netns NODE

	The cluster has a network of its own: from outside of it nothing can be reached. exec runs a command
	inside, with KUBECONFIG set and kubectl and helm in PATH; pods answer there by their addresses.
	kubeconfig prints a path that is of use in there:

	  cluster exec -- build/dev/operator/scalableapp-operator --kubeconfig "\$(cluster kubeconfig)"
	  cluster exec -- curl http://POD-ADDRESS:8080/

	On a node Services answer as well, by their addresses:

	  nsenter --net=\$(cluster netns kn1) curl http://SERVICE-ADDRESS/
	TEXT
}

help_load_image() {
    cat <<-TEXT
	cluster load-image FILE.tar

	Loads an OCI or docker archive into every node that is on, in parallel, and into the others when they are
	switched on. Pods find it by its name when imagePullPolicy is IfNotPresent. To make one of a binary:

	  tests/cluster/image --name shop:1 --entrypoint /usr/bin/shop --out shop.tar build/dev/examples/shop/shop
	  cluster load-image shop.tar

	Images every node has from the start: postgres:15 redis:7 nginx:1 haproxy:2 rabbitmq:3 pgbouncer:1, and
	for tests base:1 (a Debian), tools:1 (dig, ping, tcpdump), web:1 (a tiny web server), pause:1.
	TEXT
}

help_small() {
    case $1 in
        down) echo "cluster down: ends every process and removes every namespace, mount, cgroup and file of the cluster. Caches stay. Twice is harmless." ;;
        status) echo "cluster status: what is up, and whether each part runs. Exit 0 when a cluster is up, 1 when not." ;;
        build) echo "cluster build: compiles Kubernetes and makes the images, once per machine, so that 'up' is quick. With --print only the names of the folders it fills." ;;
        preflight) echo "cluster preflight: names what this machine lacks, each with its remedy. Changes nothing. Exit 0 when nothing is lacking." ;;
        logs) echo "cluster logs [-f] COMPONENT: etcd, kube-apiserver, ..., or kn1/kubelet, kn1/containerd, kn1/kube-proxy, kn1/boot." ;;
        *) help_verbs ;;
    esac
}
