# What the demonstration sees of the cluster: questions through kubectl, as a person would ask them.
#
# shellcheck shell=bash

inShop() {
    kube -n shop --request-timeout=4s "$@"
}

# Ready pods of the web tier: "pod node" a line.
readyPods() {
    inShop get pods -l scalableapp.dev/app=shop,scalableapp.dev/tier=web -o \
        'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{$p := .}}{{range .status.conditions}}{{if and (eq .type "Ready") (eq .status "True")}}{{$p.metadata.name}} {{$p.spec.nodeName}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}' \
        2>/dev/null
}

readyCount() {
    readyPods | wc -l
}

wanted() {
    inShop get hpa shop-web -o 'jsonpath={.status.desiredReplicas}' 2>/dev/null
}

cpuOfTarget() {
    inShop get hpa shop-web -o 'jsonpath={.status.currentMetrics[0].resource.current.averageUtilization}' 2>/dev/null
}

# The nodes of a zone, one a line.
nodesOf() {
    kube --request-timeout=4s get nodes -l "topology.kubernetes.io/zone=$1" -o name 2>/dev/null | sed 's,^node/,,'
}

zoneOfPod() {
    local node
    node=$(inShop get pod "$1" -o 'jsonpath={.spec.nodeName}')
    kube get node "$node" -o 'jsonpath={.metadata.labels.topology\.kubernetes\.io/zone}'
}

# Ready pods on nodes that are not in a zone.
readyOutside() {
    readyPods | grep -cvFwf <(nodesOf "$1")
}

# startClient NAME PATH RATE SECONDS: a pod that asks the shop at a steady rate and logs what it met.
startClient() {
    sed -e "s,NAME,$1," -e "s,URL,http://shop.shop.svc$2," -e "s,RATE,$3," -e "s,SECONDS,$4," \
        -e "s,IMAGE,$operatorImage," examples/demo.d/client.yaml | inShop apply -f - >/dev/null
}

stopClient() {
    inShop delete pod "$1" --wait=false >/dev/null
}

clientRuns() {
    inShop logs "$1" 2>/dev/null | grep -q '"second":'
}
