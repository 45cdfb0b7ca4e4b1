#include "chaos/faults/respelling.h"

namespace chaos::faults {
namespace {

const std::string kDefaultDomain = "docker.io/";
const std::string kDefaultFolder = "library/";

// Whether the part before the first slash is a registry: as every client reads it.
bool namesRegistry(const std::string& image) {
    auto slash = image.find('/');
    if (slash == std::string::npos) {
        return false;
    }
    auto first = image.substr(0, slash);
    return first.find_first_of(".:") != std::string::npos || first == "localhost";
}

// Where the tag begins (its colon); npos: there is none. A port is no tag.
size_t tagOf(const std::string& name) {
    auto colon = name.rfind(':');
    auto slash = name.rfind('/');
    return colon == std::string::npos || (slash != std::string::npos && colon < slash)
               ? std::string::npos
               : colon;
}

std::optional<std::string> byRegistry(const std::string& image) {
    if (image.starts_with(kDefaultDomain)) {
        auto rest = image.substr(kDefaultDomain.size());
        // "docker.io/a.b/c" would name another registry without its first part.
        auto plain = rest.starts_with(kDefaultFolder) ? rest.substr(kDefaultFolder.size()) : rest;
        return namesRegistry(plain) ? std::nullopt : std::optional(plain);
    }
    if (namesRegistry(image)) {
        return std::nullopt;
    }
    bool folder = image.find('/') != std::string::npos;
    return kDefaultDomain + (folder ? "" : kDefaultFolder) + image;
}

std::optional<std::string> byDigest(const std::string& image, const std::string& imageId) {
    auto at = image.find('@');
    if (at != std::string::npos) {
        auto tag = tagOf(image.substr(0, at));
        // Beside a digest a tag says nothing.
        return tag == std::string::npos ? std::nullopt
                                        : std::optional(image.substr(0, tag) + image.substr(at));
    }
    auto digest = imageId.find('@');
    auto repository = image.substr(0, tagOf(image));
    if (digest == std::string::npos || imageId.substr(0, digest) != repository) {
        return std::nullopt;
    }
    return image + imageId.substr(digest);
}

}  // namespace

std::optional<std::string> respelled(const std::string& image, const std::string& imageId) {
    if (image.empty()) {
        return std::nullopt;
    }
    auto out = byRegistry(image);
    return out ? out : byDigest(image, imageId);
}

}  // namespace chaos::faults
