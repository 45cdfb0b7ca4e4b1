// libFuzzer's entry, one program for each target.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const fuzz::Target* const target = fuzz::find(FUZZ_TARGET);
    target->run({reinterpret_cast<const char*>(bytes), size});
    return 0;
}
