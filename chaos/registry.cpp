// Everything that can be added to without touching the machine in run/, in one place: tiers, faults
// and expectations. README.md says what each entry has to bring.
#include "chaos/faults/faults.h"
#include "chaos/topology/topology.h"
#include "chaos/verdict/expectations.h"

namespace chaos {

const std::vector<topology::Tier>& topology::tiers() {
    static const std::vector<Tier> all{{"Web", "web", webFloor},
                                       {"LoadBalancer", "loadBalancer", balancerFloor},
                                       {"CDN", "cdn", edgeFloor}};
    return all;
}

const std::vector<const faults::Fault*>& faults::all() {
    static const std::vector<const Fault*> all{
        &podKill(),    &containerKill(),    &nodeDrain(),    &nodeStop(),
        &zoneOutage(), &networkPartition(), &operatorKill(), &loadStep()};
    return all;
}

const faults::Fault* faults::named(const std::string& type) {
    for (const auto* fault : all()) {
        if (type == fault->type()) {
            return fault;
        }
    }
    return nullptr;
}

const faults::Fault& faults::none() {
    return nothing();
}

const std::vector<verdict::Expectation>& verdict::expectations() {
    static const std::vector<Expectation> all{
        {"webErrorPercent", asksWebErrors, judgeWebErrors},
        {"maxReadOutageSeconds", asksReadOutage, judgeReadOutage},
        {"redundancyRestoredSeconds", asksRedundancy, judgeRedundancy},
        {"autoscaling", asksAutoscaling, judgeAutoscaling}};
    return all;
}

}  // namespace chaos
