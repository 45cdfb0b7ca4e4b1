#include "shop/trouble.h"

#include <string>

#include "shop/query.h"

namespace shop {
namespace {

constexpr Number kErrors{.name = "errors", .most = 100};
constexpr Number kDelay{.name = "delay", .most = 60000};

}  // namespace

Response Trouble::set(std::string_view query) {
    const auto errors = number(query, kErrors);
    const auto delay = number(query, kDelay);
    if (!errors || !delay) {
        return refusal(query, errors ? kDelay : kErrors);
    }
    errorPercent_ = *errors;
    owed_ = 0;
    delay_ = std::chrono::milliseconds(*delay);
    return {.body = "from now on " + std::to_string(*errors) +
                    " of 100 requests fail, each takes " + std::to_string(*delay) + " ms longer\n"};
}

Response Trouble::counts() {
    const std::string body = "{\"requests\":" + std::to_string(requests_) +
                             ",\"mostAtOnce\":" + std::to_string(mostAtOnce_) + "}\n";
    mostAtOnce_ = atOnce_;
    return {.type = "application/json", .body = body};
}

bool Trouble::nextFails() {
    owed_ += errorPercent_;
    if (owed_ < 100) {
        return false;
    }
    owed_ -= 100;
    return true;
}

Trouble::Visit::Visit(Trouble& trouble) : trouble_(trouble), fails_(trouble.nextFails()) {
    ++trouble_.requests_;
    ++trouble_.atOnce_;
    trouble_.mostAtOnce_ = std::max(trouble_.mostAtOnce_, trouble_.atOnce_);
}

Trouble::Visit::~Visit() {
    --trouble_.atOnce_;
}

}  // namespace shop
