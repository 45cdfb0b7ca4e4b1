#include "chaos/hindrance.h"

namespace chaos {

Hindrance::Kind Hindrance::kindOf(const kube::ApiError& error) {
    if (error.is(kube::ErrorKind::Cancelled)) {
        return Kind::None;
    }
    if (error.is(kube::ErrorKind::NotLeader)) {
        return Kind::NotLeader;
    }
    return error.transient() ? Kind::Unreachable : Kind::Refused;
}

std::optional<std::string_view> Hindrance::met(const kube::ApiError& error) {
    auto kind = kindOf(error);
    if (kind == Kind::None || kind_.exchange(kind) == kind) {
        return std::nullopt;
    }
    if (kind == Kind::NotLeader) {
        return kNotLeader;
    }
    return kind == Kind::Unreachable ? kUnreachable : kRefused;
}

bool Hindrance::passed(bool wrote) {
    auto known = kind_.load();
    if (known == Kind::None || (known != Kind::Unreachable && !wrote)) {
        return false;
    }
    return kind_.compare_exchange_strong(known, Kind::None);
}

}  // namespace chaos
