// Keeps many similar texts small: of each only what differs from texts that came before it.
//
//   kube::TextPack pods;                       // one for each kind of object
//   kube::PackedText small = pods.pack(text);  // a tenth of it, where another pod was seen before
//   std::string again = small.text();
//
// The texts that others are told by (dictionaries) grow while new kinds of text come, up to a
// bound, and live as long as any text that refers to them. Packing takes about as long as copying
// the text three times, unpacking as long as copying it twice.
//
// Thread safety: pack from one thread at a time; PackedText is immutable, share freely.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kube {

class PackedText {
  public:
    PackedText() = default;
    // Kept as it is.
    explicit PackedText(std::string text) : bytes_(std::move(text)) {}

    std::string text() const;
    // Bytes that it takes here.
    size_t size() const { return bytes_.size(); }

  private:
    friend class TextPack;
    struct Dictionary;

    std::string bytes_;
    std::shared_ptr<const Dictionary> dictionary_;  // null: bytes_ is the text
    uint32_t length_ = 0;                           // of the text
};

class TextPack {
  public:
    TextPack();
    ~TextPack();
    TextPack(const TextPack&) = delete;
    TextPack& operator=(const TextPack&) = delete;

    PackedText pack(std::string_view text);

  private:
    struct Prepared;
    void learn(std::string_view text);

    std::shared_ptr<const PackedText::Dictionary> dictionary_;
    std::unique_ptr<Prepared> prepared_;
    size_t badly_ = 0;  // texts that the dictionary did not make small, since the last was learnt
};

}  // namespace kube
