#include "base/version.h"

namespace base {

std::string version() {
    return SCALABLEAPP_VERSION;
}

}  // namespace base
