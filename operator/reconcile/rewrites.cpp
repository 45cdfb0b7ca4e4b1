#include "reconcile/rewrites.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr size_t kMaxValue = 80;

std::string shown(const base::Json& value) {
    std::string out = value.is_null() ? "missing" : base::dumpJson(value);
    return out.size() > kMaxValue ? out.substr(0, kMaxValue) + "..." : out;
}

std::string hashOf(const base::Json& child) {
    const auto* notes = base::at(child, "/metadata/annotations");
    return notes == nullptr ? "" : notes->value(plan::kHashAnnotation, "");
}

bool isAsItWas(const base::Json& child, const plan::Difference& field) {
    const auto* now = base::at(child, field.pointer);
    return now == nullptr ? field.seen.is_null() : base::sameJson(*now, field.seen);
}

}  // namespace

std::string Rewrite::text() const {
    const auto& field = fields.front();
    std::string others =
        fields.size() > 1 ? " (and " + std::to_string(fields.size() - 1) + " more)" : "";
    return object + ": " + field.pointer + others + " is " + shown(field.seen) + ", not " +
           shown(field.wanted) +
           " as asked, and stays so: an admission webhook rewrites it or the API server does not "
           "know it; it is taken as it is";
}

std::vector<Rewrite> RewriteBook::record(const kube::ObjectKey& app,
                                         const std::vector<Rewrite>& found) {
    std::vector<Rewrite> news;
    const std::lock_guard lock(mutex_);
    for (const auto& rewrite : found) {
        auto& known = pages_[app][rewrite.uid];
        if (known != rewrite) {
            known = rewrite;
            news.push_back(rewrite);
        }
    }
    return news;
}

void RewriteBook::showAsAsked(const kube::ObjectKey& app, std::vector<base::Json>& children) {
    const std::lock_guard lock(mutex_);
    auto page = pages_.find(app);
    if (page == pages_.end()) {
        return;
    }
    std::map<std::string, Rewrite> kept;
    for (auto& child : children) {
        auto found = page->second.find(base::textAt(child, "/metadata/uid"));
        if (found == page->second.end()) {
            continue;
        }
        const auto& rewrite = found->second;
        bool same = hashOf(child) == rewrite.hash &&
                    std::all_of(rewrite.fields.begin(), rewrite.fields.end(),
                                [&](const auto& field) { return isAsItWas(child, field); });
        for (const auto& field : rewrite.fields) {
            if (same) {
                child[base::Json::json_pointer(field.pointer)] = field.wanted;
            }
        }
        kept.insert(*found);
    }
    page->second = std::move(kept);
}

void RewriteBook::forget(const kube::ObjectKey& app) {
    const std::lock_guard lock(mutex_);
    pages_.erase(app);
}

}  // namespace reconcile
