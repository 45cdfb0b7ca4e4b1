#include "kube/line_splitter.h"

namespace kube {

bool LineSplitter::feed(std::string_view bytes,
                        const std::function<void(std::string_view)>& onLine) {
    while (!bytes.empty()) {
        const size_t end = bytes.find('\n');
        std::string_view piece = bytes.substr(0, end);
        if (tail_.size() + piece.size() > maxLine_) {
            return false;
        }
        if (end == std::string_view::npos) {
            tail_ += piece;
            return true;
        }
        if (!tail_.empty()) {
            tail_ += piece;
            onLine(tail_);
            tail_.clear();
            // One long line must not hold its memory for the rest of the watch.
            constexpr size_t kKeep = 64U << 10U;
            if (tail_.capacity() > kKeep) {
                tail_.shrink_to_fit();
            }
        } else if (!piece.empty()) {
            onLine(piece);
        }
        bytes.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace kube
