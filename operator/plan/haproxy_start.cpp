#include "plan/haproxy.h"

namespace plan {

std::string haproxyStart() {
    return "set -e\n"
           "count=0\n"
           "while read -r word address rest; do\n"
           "  if [ \"$word\" = nameserver ]; then\n"
           "    case $address in *:*) address=\"[$address]\" ;; esac\n"
           "    count=$((count + 1))\n"
           "    export \"NAMESERVER_$count=tcp@$address:53\"\n"
           "  fi\n"
           "done < /etc/resolv.conf\n"
           "if [ -e /proc/net/if_inet6 ]; then export WITH_IPV6=1; fi\n"
           "exec haproxy -db -f " +
           std::string(kBalancerConfigFile) + "\n";
}

}  // namespace plan
