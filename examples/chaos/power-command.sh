#!/bin/sh
# A driver for the power of nodes, for the chaos controller's --power-command: called with "off NODE" and "on NODE".
# This one asks machines over IPMI; their management controllers are called <node>-bmc. For a cloud, call its own tool in
# place of ipmitool. Both words may come more than once, and "off" may only succeed once the power is off for certain.
set -eu
verb=$1
node=$2
power() {
    ipmitool -I lanplus -H "$node-bmc" -U "$IPMI_USER" -E chassis power "$@"
}
case $verb in
    off)
        power off
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            power status | grep -q 'is off' && exit 0
            sleep 1
        done
        echo "$node is still on" >&2
        exit 1 ;;
    on) power on ;;
    *) echo "unknown verb $verb: off or on" >&2 && exit 2 ;;
esac
