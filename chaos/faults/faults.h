// The faults there are, each in a file of its own. They are put to use in chaos/registry.cpp only.
// Thread safety: stateless.
#pragma once

#include "chaos/faults/fault.h"

namespace chaos::faults {

const Fault& podKill();
const Fault& containerKill();
const Fault& nodeDrain();
const Fault& nodeStop();
const Fault& zoneOutage();
const Fault& networkPartition();
const Fault& operatorKill();
const Fault& loadStep();
const Fault& nothing();

}  // namespace chaos::faults
