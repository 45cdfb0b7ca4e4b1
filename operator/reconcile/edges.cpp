#include "reconcile/edges.h"

#include <algorithm>

#include "base/json.h"
#include "plan/cdn_groups.h"
#include "plan/nginx.h"
#include "reconcile/ask.h"

namespace reconcile {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTimeout = 2s;
// "Lately" is one of these to two of these long.
constexpr auto kWindow = 10s;

constexpr const char* kResponses = "scalableapp_cdn_responses_total";
constexpr const char* kFetches = "scalableapp_cdn_fetches_total";
constexpr const char* kResults[] = {"hit", "stale", "miss", "pass"};

runtime::Metrics::Labels labelsOf(const kube::ObjectKey& app, const char* name,
                                  const std::string& value) {
    return {{"namespace", app.namespace_}, {"name", app.name}, {name, value}};
}

int64_t at(const EdgeCounts& counts, const std::string& name) {
    auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

// What came since; all of it where the counting began anew.
int64_t grown(const EdgeCounts& before, const EdgeCounts& now, const std::string& name) {
    int64_t more = at(now, name) - at(before, name);
    return more < 0 ? at(now, name) : more;
}

// The listing of a folder: a file for each counter, as large as the count.
EdgeCounts countsIn(const std::string& body) {
    EdgeCounts out;
    auto files = base::parseJson(body);
    if (files && files->is_array()) {
        for (const auto& file : *files) {
            auto name = base::stringAt(file, "/name");
            auto size = base::intAt(file, "/size");
            if (name && size && out.size() < 16) {
                out[*name] = *size;
            }
        }
    }
    return out;
}

std::vector<Question> questionsFor(const EdgeTarget& target) {
    auto port = static_cast<uint16_t>(plan::kEdgeAdminPort);
    std::vector<Question> out{{target.address, port, "/epoch"}, {target.address, port, "/tally/"}};
    for (size_t i = 0; i < target.origins; ++i) {
        out.push_back({target.address, port, "/origin/" + std::to_string(i)});
    }
    return out;
}

}  // namespace

std::vector<EdgeTarget> edgeTargets(const api::ScalableApp& app,
                                    const std::vector<base::Json>& children, base::WallTime now) {
    std::vector<EdgeTarget> out;
    if (!app.cdn) {
        return out;
    }
    plan::Observed observed{.children = children, .now = now};
    auto pods = plan::servingEdges(observed);
    auto starting = plan::startingEdges(observed);
    pods.insert(pods.end(), starting.begin(), starting.end());
    for (const auto* pod : pods) {
        if (auto address = base::stringAt(*pod, "/status/podIP")) {
            out.push_back({.pod = base::stringAt(*pod, "/metadata/name").value_or(""),
                           .address = *address,
                           .origins = app.cdn->origins.size()});
        }
    }
    return out;
}

std::vector<EdgeAnswer> askEdges(const std::vector<EdgeTarget>& targets,
                                 const std::stop_token& stop) {
    std::vector<Question> questions;
    for (const auto& target : targets) {
        auto more = questionsFor(target);
        questions.insert(questions.end(), more.begin(), more.end());
    }
    auto answers = askAll(questions, kTimeout, stop);
    std::vector<EdgeAnswer> out;
    size_t next = 0;
    for (const auto& target : targets) {
        const auto* mine = &answers[next];
        next += 2 + target.origins;
        if (!mine[0] || mine[0]->status != 200) {
            continue;
        }
        EdgeAnswer answer{.edge = {.pod = target.pod, .epoch = mine[0]->body}, .counts = {}};
        answer.counts = mine[1] ? countsIn(mine[1]->body) : EdgeCounts();
        for (size_t i = 0; i < target.origins; ++i) {
            const auto& origin = mine[2 + i];
            answer.edge.originAnswers.push_back(origin && origin->status < 400);
        }
        out.push_back(std::move(answer));
    }
    return out;
}

EdgeBook::EdgeBook(runtime::Metrics& metrics) : metrics_(metrics) {
    metrics_.define(kResponses, runtime::Metrics::Kind::Counter,
                    "Answers that the edges of a ScalableApp gave, by where they came from: hit "
                    "and stale from what is kept, miss from an origin, pass without a look at it");
    metrics_.define(kFetches, runtime::Metrics::Kind::Counter,
                    "Requests of the edges of a ScalableApp to its origins for what may be kept, "
                    "by result: ok or failed");
}

std::vector<plan::Edge> EdgeBook::record(const kube::ObjectKey& app,
                                         const std::vector<EdgeAnswer>& answers,
                                         base::WallTime now) {
    std::lock_guard lock(mutex_);
    auto& pages = pages_[app];
    std::map<std::string, Page> kept;
    std::vector<plan::Edge> out;
    for (const auto& answer : answers) {
        auto& page = kept[answer.edge.pod];
        auto known = pages.find(answer.edge.pod);
        if (known == pages.end()) {
            page = {.last = {}, .older = {answer.counts, now}, .newer = {answer.counts, now}};
        } else {
            page = std::move(known->second);
            pages.erase(known);
        }
        if (now - page.newer.at >= kWindow) {
            page.older = std::move(page.newer);
            page.newer = {answer.counts, now};
        }
        count(app, page.last, answer.counts);
        page.last = answer.counts;
        auto edge = answer.edge;
        edge.staleForErrors = grown(page.older.counts, answer.counts, "stale") > 0 &&
                              grown(page.older.counts, answer.counts, "failed") > 0;
        out.push_back(std::move(edge));
    }
    // Edges that are silent now may speak again: what they counted is not counted twice.
    for (auto& [pod, page] : pages) {
        if (now - page.newer.at < 10 * kWindow) {
            kept[pod] = std::move(page);
        }
    }
    pages = std::move(kept);
    return out;
}

void EdgeBook::count(const kube::ObjectKey& app, const EdgeCounts& before, const EdgeCounts& now) {
    for (const char* result : kResults) {
        metrics_.count(kResponses, labelsOf(app, "cache", result),
                       static_cast<double>(grown(before, now, result)));
    }
    int64_t failed = grown(before, now, "failed");
    metrics_.count(kFetches, labelsOf(app, "result", "failed"), static_cast<double>(failed));
    metrics_.count(
        kFetches, labelsOf(app, "result", "ok"),
        static_cast<double>(std::max<int64_t>(0, grown(before, now, "fetched") - failed)));
}

void EdgeBook::forget(const kube::ObjectKey& app) {
    std::lock_guard lock(mutex_);
    if (pages_.erase(app) == 0) {
        return;
    }
    for (const char* result : kResults) {
        metrics_.remove(kResponses, labelsOf(app, "cache", result));
    }
    for (const char* result : {"ok", "failed"}) {
        metrics_.remove(kFetches, labelsOf(app, "result", result));
    }
}

}  // namespace reconcile
