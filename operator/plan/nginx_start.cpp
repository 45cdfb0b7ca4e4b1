#include "plan/nginx.h"

namespace plan {

std::string nginxStart() {
    return "set -e\n"
           // Of a container that ended before it could clean up.
           "rm -f /tmp/*.sock /tmp/leaving\n"
           "mkdir -p /tmp/tally /tmp/unkept\n"
           "names='' family=''\n"
           "while read -r word address rest; do\n"
           "  if [ \"$word\" = nameserver ]; then\n"
           "    case $address in\n"
           "      *:*) names=\"$names [$address]\" ;;\n"
           "      *) names=\"$names $address\" family=' ipv6=off' ;;\n"
           "    esac\n"
           "  fi\n"
           "done < /etc/resolv.conf\n"
           "echo \"resolver$names valid=30s$family; resolver_timeout 5s;\" > /tmp/resolver.conf\n"
           "for bundle in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem; do\n"
           "  if [ -r $bundle ]; then ln -sf $bundle /tmp/ca.crt; fi\n"
           "done\n"
           "for port in " +
           std::to_string(kEdgePort) + " " + std::to_string(kEdgeAdminPort) +
           "; do\n"
           "  if [ -e /proc/net/if_inet6 ]; then echo \"listen [::]:$port backlog=4096;\"; fi"
           " > /tmp/ipv6-$port.conf\n"
           "done\n"
           // Counters start anew before they need room, and what was not kept is forgotten.
           "while sleep 60; do\n"
           "  find /tmp/tally -size +32768k -exec sh -c ': > $0' {} ';'\n"
           "  find /tmp/unkept -type f '(' -mmin +10 -o -size +32768k ')' -exec rm {} ';'\n"
           "done &\n"
           "exec nginx -e stderr -c " +
           std::string(kEdgeConfigFolder) + "/nginx.conf -g 'daemon off;'\n";
}

std::string nginxLeave(int64_t drainSeconds) {
    return "touch /tmp/leaving && sleep " + std::to_string(drainSeconds);
}

}  // namespace plan
