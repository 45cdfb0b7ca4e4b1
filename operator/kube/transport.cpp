#include "kube/transport.h"

namespace kube {

std::shared_ptr<Transport> makeTransport(const ClusterConfig& config) {
    return config.transport == TransportKind::Beast ? makeBeastTransport(config)
                                                    : makeCpprestTransport(config);
}

}  // namespace kube
