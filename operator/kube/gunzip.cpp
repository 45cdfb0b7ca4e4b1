#include "kube/gunzip.h"

#include <zlib.h>

#include <algorithm>

namespace kube {
namespace {

constexpr int kGzipOnly = 15 + 16;

// inflate reads through a pointer to non-const, and never writes there.
Bytef* bytesOf(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

int inflateAll(z_stream& stream, size_t limit, std::string& out) {
    int state = Z_OK;
    while (state == Z_OK && out.size() < limit) {
        const size_t before = out.size();
        out.resize(std::min(limit, std::max<size_t>(before * 2, 64U << 10U)));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(out.size() - before);
        state = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
    }
    return state;
}

}  // namespace

base::Result<std::string> gunzip(std::string_view packed, size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) {
        return base::fail("no memory to unpack gzip");
    }
    stream.next_in = bytesOf(packed);
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    const int state = inflateAll(stream, limit, out);
    inflateEnd(&stream);
    if (state == Z_STREAM_END) {
        return out;
    }
    return base::fail(out.size() >= limit
                          ? "gzip that unpacks to more than " + std::to_string(limit) + " bytes"
                          : "broken gzip");
}

}  // namespace kube
