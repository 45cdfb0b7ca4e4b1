#include "kube/json_scan.h"

#include <algorithm>

namespace kube {
namespace {

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool take(char wanted) {
        skipSpace();
        if (pos_ >= text_.size() || text_[pos_] != wanted) {
            return false;
        }
        ++pos_;
        return true;
    }
    bool atEnd() {
        skipSpace();
        return pos_ == text_.size();
    }
    // The raw text of the value here; empty when it is cut off.
    std::string_view value() {
        skipSpace();
        const size_t start = pos_;
        if (pos_ >= text_.size()) {
            return {};
        }
        const char first = text_[pos_];
        const bool good = first == '"'                   ? string()
                          : first == '{' || first == '[' ? nested()
                                                         : literal();
        return good ? text_.substr(start, pos_ - start) : std::string_view{};
    }

  private:
    void skipSpace() {
        while (pos_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[pos_]) != std::string_view::npos) {
            ++pos_;
        }
    }
    bool string() {
        for (++pos_; pos_ < text_.size(); ++pos_) {
            if (text_[pos_] == '\\') {
                ++pos_;
            } else if (text_[pos_] == '"') {
                ++pos_;
                return true;
            }
        }
        return false;
    }
    bool nested() {
        size_t depth = 0;
        while (pos_ < text_.size()) {
            const char c = text_[pos_];
            if (c == '"') {
                if (!string()) {
                    return false;
                }
                continue;
            }
            ++pos_;
            if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                return true;
            }
        }
        return false;
    }
    bool literal() {
        const size_t start = pos_;
        pos_ = std::min(text_.find_first_of(",]} \t\r\n", pos_), text_.size());
        return pos_ > start;
    }

    std::string_view text_;
    size_t pos_ = 0;
};

}  // namespace

bool scanObject(std::string_view text,
                const std::function<bool(std::string_view key, std::string_view value)>& onField) {
    Scanner scanner(text);
    if (!scanner.take('{')) {
        return false;
    }
    if (scanner.take('}')) {
        return scanner.atEnd();
    }
    do {
        std::string_view key = scanner.value();
        if (key.size() < 2 || key.front() != '"' || !scanner.take(':')) {
            return false;
        }
        std::string_view value = scanner.value();
        if (value.empty() || !onField(key.substr(1, key.size() - 2), value)) {
            return false;
        }
    } while (scanner.take(','));
    return scanner.take('}') && scanner.atEnd();
}

bool scanArray(std::string_view text,
               const std::function<bool(std::string_view value)>& onElement) {
    Scanner scanner(text);
    if (!scanner.take('[')) {
        return false;
    }
    if (scanner.take(']')) {
        return scanner.atEnd();
    }
    do {
        std::string_view value = scanner.value();
        if (value.empty() || !onElement(value)) {
            return false;
        }
    } while (scanner.take(','));
    return scanner.take(']') && scanner.atEnd();
}

}  // namespace kube
