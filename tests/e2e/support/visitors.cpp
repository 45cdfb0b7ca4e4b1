#include "e2e/support/visitors.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace e2e {
namespace {

std::string operatorImage() {
    const char* value = std::getenv("OPERATOR_IMAGE");
    return value != nullptr ? value : "";
}

}  // namespace

void VisitedTest::SetUp() {
    if (operatorImage().empty()) {
        GTEST_SKIP() << "OPERATOR_IMAGE names no image with scalableapp-probe";
    }
    ClusterTest::SetUp();
}

void VisitedTest::sendVisitors(const Visitors& visitors) {
    apply("apiVersion: v1\nkind: Pod\nmetadata: {name: " + visitors.name +
          "}\nspec:\n  nodeSelector: " + visitors.where +
          "\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n"
          "  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: "
          "RuntimeDefault}}\n"
          "  containers:\n  - name: probe\n    image: " +
          operatorImage() +
          "\n    imagePullPolicy: IfNotPresent\n"
          "    command: [/usr/bin/scalableapp-probe, '--url=http://shop." +
          ns() + ".svc.cluster.local" + visitors.path +
          "', --duration-seconds=" + std::to_string(visitors.seconds) +
          ", --requests-per-second=" + std::to_string(visitors.requestsPerSecond) +
          "]\n    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: "
          "[ALL]}}\n");
    ASSERT_TRUE(eventually(60s, "the first visitors are served", [&] {
        return tally(visitors.name).ok > visitors.requestsPerSecond;
    })) << kubectl({"logs", visitors.name, "--tail=5"}).out;
}

Tally VisitedTest::tally(const std::string& visitors) const {
    Tally out;
    std::istringstream lines(kubectl({"logs", visitors}).out);
    for (std::string line; std::getline(lines, line);) {
        auto second = base::parseJson(line);
        if (!second || !second->contains("second")) {
            continue;
        }
        out.sent += base::intAt(*second, "/sent").value_or(0);
        out.ok += base::intAt(*second, "/ok").value_or(0);
        out.longestGapMs = std::max(out.longestGapMs, base::intAt(*second, "/gapMs").value_or(0));
        const auto errors = second->value("errors", base::Json::object());
        for (const auto& [kind, count] : errors.items()) {
            out.errors[kind] += count.get<int64_t>();
        }
        out.lastSecond = base::intAt(*second, "/second").value_or(0);
        if (!errors.empty()) {
            out.lastFailure = out.lastSecond;
        }
    }
    return out;
}

void VisitedTest::expectNobodyFailed(const std::string& what) {
    auto until = tally().sent + 1000;
    ASSERT_TRUE(eventually(60s, "visitors after it", [&] { return tally().sent > until; }));
    auto all = tally();
    std::cout << what << ": " << all.sent << " requests, " << all.sent - all.ok
              << " failed, longest gap " << all.longestGapMs << " ms\n";
    EXPECT_EQ(all.sent - all.ok, 0) << what << ": " << base::dumpJson(base::Json(all.errors));
}

}  // namespace e2e
