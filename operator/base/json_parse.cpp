// Text to tree: RapidJSON reads, and the tree is filled as it goes. Twice as fast as the tree's own
// parser, and what nobody wants to see is not built at all.
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/json.h"

namespace base {

struct JsonOutline::Node {
    bool left = false;  // out
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> children{};

    const Node* find(std::string_view key) const {
        for (const auto& [name, child] : children) {
            if (name == key) {
                return child.get();
            }
        }
        return nullptr;
    }
    Node& make(std::string_view key) {
        for (auto& [name, child] : children) {
            if (name == key) {
                return *child;
            }
        }
        return *children.emplace_back(key, std::make_unique<Node>()).second;
    }
};

JsonOutline::JsonOutline(std::initializer_list<std::string_view> leftOut)
    : root_(std::make_unique<Node>()) {
    for (auto path : leftOut) {
        Node* node = root_.get();
        while (!path.empty()) {
            path.remove_prefix(1);
            const size_t end = std::min(path.find('/'), path.size());
            node = &node->make(path.substr(0, end));
            path.remove_prefix(end);
        }
        node->left = true;
    }
}

JsonOutline::~JsonOutline() = default;

// Values wait on one stack until the object or list around them ends: that then has exactly the
// room it needs, and nothing is moved twice.
class JsonBuilder {
  public:
    explicit JsonBuilder(const JsonOutline* outline)
        : outline_(outline == nullptr ? nullptr : outline->root_.get()) {
        constexpr size_t kUsual = 64;
        waiting_.reserve(kUsual);
    }

    Json take() { return waiting_.empty() ? Json() : std::move(waiting_.front().second); }

    bool Null() { return scalar(nullptr); }
    bool Bool(bool value) { return scalar(value); }
    // RapidJSON itself would make any number of a zero with a large exponent ("0e44").
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        const std::string number(text, length);
        if (int64_t negative = 0; number.front() == '-' && isWhole(number, negative)) {
            return scalar(negative);
        }
        if (uint64_t value = 0; isWhole(number, value)) {
            return scalar(value);
        }
        const double value = std::strtod(number.c_str(), nullptr);
        return std::isfinite(value) && scalar(value);
    }
    // Never called: numbers are read as text.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(int64_t) { return false; }
    bool Uint64(uint64_t) { return false; }
    bool Double(double) { return false; }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        return scalar(std::string_view(text, length));
    }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (skipping_ > 0) {
            return true;
        }
        const std::string_view key(text, length);
        auto& frame = open_.back();
        frame.below = frame.outline == nullptr ? nullptr : frame.outline->find(key);
        dropNext_ = frame.below != nullptr && frame.below->left;
        if (!dropNext_) {
            key_ = key;
        }
        return true;
    }
    bool StartObject() { return open(false); }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool StartArray() { return open(true); }
    bool EndArray(rapidjson::SizeType) { return close(); }

  private:
    using Node = JsonOutline::Node;
    using Waiting = std::pair<std::string, Json>;

    struct Frame {
        bool list;
        size_t begin;         // of its members in waiting_
        const Node* outline;  // of this object, or of each element of this list
        const Node* below;    // of the member whose key was last
        std::string key;      // under which it goes into what is around it
    };

    template <class T>
    static bool isWhole(const std::string& number, T& out) {
        const char* end = number.data() + number.size();
        const auto read = std::from_chars(number.data(), end, out);
        return read.ec == std::errc() && read.ptr == end;
    }

    template <class T>
    bool scalar(const T& value) {
        if (dropNext_) {
            dropNext_ = false;
        } else if (skipping_ == 0) {
            waiting_.emplace_back(std::move(key_), value);
            key_.clear();
        }
        return true;
    }
    bool open(bool list) {
        if (skipping_ > 0 || dropNext_) {
            dropNext_ = false;
            ++skipping_;
            return true;
        }
        const Node* outline = outline_;
        if (!open_.empty()) {
            outline = open_.back().list ? open_.back().outline : open_.back().below;
        }
        open_.push_back({list, waiting_.size(), outline, nullptr, std::move(key_)});
        key_.clear();
        return true;
    }
    bool close() {
        if (skipping_ > 0) {
            --skipping_;
            return true;
        }
        Frame frame = std::move(open_.back());
        open_.pop_back();
        const auto first = waiting_.begin() + static_cast<long>(frame.begin);
        Json value = frame.list ? list(first) : object(first);
        waiting_.erase(first, waiting_.end());
        waiting_.emplace_back(std::move(frame.key), std::move(value));
        return true;
    }
    Json list(std::vector<Waiting>::iterator first) {
        Json out(Json::value_t::array);
        auto& elements = out.get_ref<Json::array_t&>();
        elements.reserve(static_cast<size_t>(waiting_.end() - first));
        for (auto it = first; it != waiting_.end(); ++it) {
            elements.push_back(std::move(it->second));
        }
        return out;
    }
    Json object(std::vector<Waiting>::iterator first) {
        Json out(Json::value_t::object);
        auto& members = out.get_ref<Json::object_t&>();
        members.reserve(static_cast<size_t>(waiting_.end() - first));
        for (auto it = first; it != waiting_.end(); ++it) {
            auto known = members.find(it->first);
            if (known == members.end()) {
                members.push_back(std::move(*it));
            } else {
                known->second = std::move(it->second);  // of two with one name the last counts
            }
        }
        return out;
    }

    const Node* const outline_;
    std::vector<Waiting> waiting_;
    std::vector<Frame> open_;
    std::string key_;
    size_t skipping_ = 0;
    bool dropNext_ = false;
};

namespace {

constexpr unsigned kAlways = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

Result<Json> outcome(const rapidjson::ParseResult& parsed, JsonBuilder& builder) {
    if (parsed.IsError()) {
        return fail("not valid JSON: at byte " + std::to_string(parsed.Offset()) + ": " +
                    rapidjson::GetParseError_En(parsed.Code()));
    }
    return builder.take();
}

}  // namespace

Result<Json> parseCheckedJson(std::string text, const JsonOutline* outline) {
    JsonBuilder builder(outline);
    rapidjson::Reader reader;
    rapidjson::InsituStringStream input(text.data());
    return outcome(reader.Parse<kAlways | rapidjson::kParseInsituFlag>(input, builder), builder);
}

Result<Json> parseJson(std::string_view text, const JsonOutline* outline) {
    if (text.find('\0') != std::string_view::npos) {
        return fail("not valid JSON: a byte of value 0");
    }
    JsonBuilder builder(outline);
    rapidjson::Reader reader;
    rapidjson::MemoryStream input(text.data(), text.size());
    return outcome(reader.Parse<kAlways | rapidjson::kParseValidateEncodingFlag>(input, builder),
                   builder);
}

}  // namespace base
