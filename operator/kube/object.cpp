#include "kube/object.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>

#include "base/json.h"

namespace kube {
namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// One pass over the text: writes it back compactly without what we drop, and picks the metadata up
// on the way. Numbers stay the characters they were, keys stay in their order.
class Copier {
  public:
    using Text = rapidjson::StringBuffer;

    Copier(Text& out, Meta& meta) : writer_(out), meta_(meta) {}

    bool sawApiVersion() const { return sawApiVersion_; }
    bool sawKind() const { return sawKind_; }

    bool Null() {
        return scalar([&] { return writer_.Null(); });
    }
    bool Bool(bool value) {
        if (skipping_ == 0 && inOwner() && keyAt(4) == "controller") {
            meta_.owners.back().controller = value;
        }
        return scalar([&] { return writer_.Bool(value); });
    }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        if (skipping_ == 0 && depth_ == 2 && inMetadata() && keyAt(2) == "generation") {
            std::from_chars(text, text + length, meta_.generation);
        }
        return scalar([&] { return writer_.RawValue(text, length, rapidjson::kNumberType); });
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        if (skipping_ == 0) {
            take({text, length});
        }
        return scalar([&] { return writer_.String(text, length); });
    }
    bool StartObject() {
        if (!open([&] { return writer_.StartObject(); })) {
            return false;
        }
        if (skipping_ == 0 && inOwner()) {
            meta_.owners.emplace_back();
        }
        return true;
    }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (skipping_ > 0) {
            return true;
        }
        std::string_view key(text, length);
        if (depth_ <= kWatched) {
            keys_[depth_] = key;
        }
        dropNext_ =
            (depth_ == 2 && inMetadata() && key == "managedFields") ||
            (depth_ == 3 && inMetadata() && keyAt(2) == "annotations" && key == kLastApplied);
        return dropNext_ || writer_.Key(text, length);
    }
    bool EndObject(rapidjson::SizeType) {
        return close([&] { return writer_.EndObject(); });
    }
    bool StartArray() {
        return open([&] { return writer_.StartArray(); });
    }
    bool EndArray(rapidjson::SizeType) {
        return close([&] { return writer_.EndArray(); });
    }
    // Never called: numbers are read as text.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(int64_t) { return false; }
    bool Uint64(uint64_t) { return false; }
    bool Double(double) { return false; }

  private:
    static constexpr size_t kWatched = 4;  // deepest level whose keys matter

    template <class Write>
    bool scalar(Write write) {
        if (dropNext_) {
            dropNext_ = false;
            return true;
        }
        return skipping_ > 0 || write();
    }
    template <class Write>
    bool open(Write write) {
        if (skipping_ > 0 || dropNext_) {
            dropNext_ = false;
            ++skipping_;
            return true;
        }
        ++depth_;
        if (depth_ <= kWatched) {
            keys_[depth_].clear();
        }
        return write();
    }
    template <class Write>
    bool close(Write write) {
        if (skipping_ > 0) {
            --skipping_;
            return true;
        }
        --depth_;
        return write();
    }

    const std::string& keyAt(size_t level) const { return keys_[level]; }
    bool inMetadata() const { return depth_ >= 2 && keyAt(1) == "metadata"; }
    bool inOwner() const {
        return depth_ == 4 && inMetadata() && keyAt(2) == "ownerReferences" && keyAt(3).empty();
    }

    void take(std::string_view value) {
        if (depth_ == 1) {
            takeTop(value);
        } else if (!inMetadata()) {
            return;
        } else if (depth_ == 2) {
            takeMetadata(value);
        } else if (depth_ == 3 && keyAt(2) == "labels") {
            meta_.labels.set(keyAt(3), value);
        } else if (inOwner() && !meta_.owners.empty()) {
            takeOwner(value);
        }
    }
    void takeTop(std::string_view value) {
        if (keyAt(1) == "apiVersion") {
            meta_.apiVersion = value;
            sawApiVersion_ = true;
        } else if (keyAt(1) == "kind") {
            meta_.kind = value;
            sawKind_ = true;
        }
    }
    void takeMetadata(std::string_view value) {
        const std::string& key = keyAt(2);
        if (key == "name") {
            meta_.key.name = value;
        } else if (key == "namespace") {
            meta_.key.namespace_ = value;
        } else if (key == "uid") {
            meta_.uid = value;
        } else if (key == "resourceVersion") {
            meta_.resourceVersion = value;
        } else if (key == "deletionTimestamp") {
            meta_.deleting = true;
        }
    }
    void takeOwner(std::string_view value) {
        auto& owner = meta_.owners.back();
        const std::string& key = keyAt(4);
        if (key == "apiVersion") {
            owner.apiVersion = value;
        } else if (key == "kind") {
            owner.kind = value;
        } else if (key == "name") {
            owner.name = value;
        } else if (key == "uid") {
            owner.uid = value;
        }
    }

    rapidjson::Writer<Text> writer_;
    Meta& meta_;
    size_t depth_ = 0;
    size_t skipping_ = 0;
    bool dropNext_ = false;
    bool sawApiVersion_ = false;
    bool sawKind_ = false;
    std::string keys_[kWatched + 1];
};

// List items carry neither: with them in the text an object reads the same wherever it came from.
std::string withType(std::string_view compact, const std::string& apiVersion,
                     const std::string& kind) {
    std::string head = "{";
    if (!apiVersion.empty()) {
        head += "\"apiVersion\":" + base::dumpJson(apiVersion) + ",";
    }
    if (!kind.empty()) {
        head += "\"kind\":" + base::dumpJson(kind) + ",";
    }
    if (compact == "{}" && head.size() > 1) {
        head.pop_back();
    }
    std::string out;
    out.reserve(head.size() + compact.size() - 1);
    out += head;
    out += compact.substr(1);
    return out;
}

}  // namespace

ApiResult<ObjectPtr> Object::parse(std::string_view text, const std::string& apiVersion,
                                   const std::string& kind, TextPack* pack) {
    if (text.find('\0') != std::string_view::npos) {
        return base::failWith(malformed("no JSON: a byte of value 0"));
    }
    auto object = std::make_shared<Object>();
    rapidjson::StringBuffer out(nullptr, text.size() + 1);
    Copier copier(out, object->meta_);
    rapidjson::Reader reader;
    rapidjson::MemoryStream input(text.data(), text.size());
    constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag |
                                rapidjson::kParseIterativeFlag |
                                rapidjson::kParseValidateEncodingFlag;
    auto parsed = reader.Parse<kFlags>(input, copier);
    if (parsed.IsError()) {
        return base::failWith(malformed(std::string("no JSON at byte ") +
                                        std::to_string(parsed.Offset()) + ": " +
                                        rapidjson::GetParseError_En(parsed.Code())));
    }
    std::string_view compact(out.GetString(), out.GetSize());
    if (compact.empty() || compact.front() != '{') {
        return base::failWith(malformed("no JSON object"));
    }
    const auto& version = object->meta_.resourceVersion;
    if (!version.empty() && !isVersion(version)) {
        return base::failWith(malformed("\"" + version + "\" is no resourceVersion"));
    }
    const std::string addVersion = copier.sawApiVersion() ? "" : apiVersion;
    const std::string addKind = copier.sawKind() ? "" : kind;
    if (!addVersion.empty()) {
        object->meta_.apiVersion = addVersion;
    }
    if (!addKind.empty()) {
        object->meta_.kind = addKind;
    }
    object->meta_.labels.shrink();
    object->meta_.owners.shrink_to_fit();
    std::string typed;
    if (!addVersion.empty() || !addKind.empty()) {
        typed = withType(compact, addVersion, addKind);
        compact = typed;
    }
    object->text_ = pack != nullptr ? pack->pack(compact) : PackedText(std::string(compact));
    return ObjectPtr(std::move(object));
}

ObjectPtr Object::fromJson(const base::Json& json) {
    auto parsed = parse(base::dumpJson(json));
    return parsed ? std::move(parsed).value() : std::make_shared<const Object>();
}

base::Json Object::json(const base::JsonOutline* outline) const {
    auto tree = base::parseCheckedJson(text(), outline);
    return tree ? std::move(tree).value() : base::Json::object();
}

bool isVersion(std::string_view text) {
    return !text.empty() && text.front() != '0' &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool atLeast(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() > b.size() : a >= b;
}

}  // namespace kube
