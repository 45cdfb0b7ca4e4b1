#include "kube/text_pack.h"

#include <lz4.h>

#include <algorithm>
#include <vector>

namespace kube {

struct PackedText::Dictionary {
    const std::string text;
};

// Copied for each text: to read the dictionary anew would take longer.
struct TextPack::Prepared {
    explicit Prepared(const std::string& text) {
        LZ4_initStream(&stream, sizeof stream);
        LZ4_loadDict(&stream, text.data(), static_cast<int>(text.size()));
    }
    LZ4_stream_t stream;
};

namespace {

// Below it there is nothing to gain.
constexpr size_t kShortest = 128;
constexpr size_t kLongest = 1U << 20U;
// A text well told by others shrinks to less than one part in so many.
constexpr size_t kGood = 4;
// One odd text is no pattern.
constexpr size_t kPatience = 4;
// A quarter of what the format can look back to.
constexpr size_t kDictionary = 16U << 10U;

// Without the room that a string keeps to grow.
std::string exactly(const std::vector<char>& bytes, size_t size) {
    return {bytes.data(), size};
}

}  // namespace

std::string PackedText::text() const {
    if (dictionary_ == nullptr) {
        return bytes_;
    }
    std::string out(length_, '\0');
    const auto& told = dictionary_->text;
    const int got = LZ4_decompress_safe_usingDict(
        bytes_.data(), out.data(), static_cast<int>(bytes_.size()), static_cast<int>(out.size()),
        told.data(), static_cast<int>(told.size()));
    return got == static_cast<int>(length_) ? out : std::string();
}

TextPack::TextPack() = default;
TextPack::~TextPack() = default;

PackedText TextPack::pack(std::string_view text) {
    if (text.size() < kShortest || text.size() > kLongest) {
        return PackedText(std::string(text));
    }
    if (dictionary_ == nullptr) {
        learn(text);
    }
    LZ4_stream_t stream = prepared_->stream;
    thread_local std::vector<char> room;
    room.resize(static_cast<size_t>(LZ4_compressBound(static_cast<int>(text.size()))));
    const int packed =
        LZ4_compress_fast_continue(&stream, text.data(), room.data(), static_cast<int>(text.size()),
                                   static_cast<int>(room.size()), 1);
    const auto size = static_cast<size_t>(std::max(packed, 0));
    const bool smaller = size > 0 && size < text.size();
    PackedText out(smaller ? exactly(room, size) : std::string(text));
    if (smaller) {
        out.dictionary_ = dictionary_;
        out.length_ = static_cast<uint32_t>(text.size());
    }
    if ((!smaller || size * kGood > text.size()) && ++badly_ >= kPatience) {
        learn(text);
    }
    return out;
}

void TextPack::learn(std::string_view text) {
    badly_ = 0;
    std::string known = dictionary_ == nullptr ? "" : dictionary_->text;
    // The first one is learnt whatever its size, as there is no packing without, and leaves room.
    if (known.empty()) {
        text = text.substr(0, kDictionary / 2);
    }
    if (known.size() + text.size() > kDictionary) {
        return;
    }
    known += text;
    dictionary_ = std::make_shared<const PackedText::Dictionary>(
        PackedText::Dictionary{.text = std::move(known)});
    prepared_ = std::make_unique<Prepared>(dictionary_->text);
}

}  // namespace kube
