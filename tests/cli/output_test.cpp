// Every verb prints for programs: one JSON document on stdout with -o json, whatever it is about.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/json.h"
#include "cli/verbs.h"
#include "e2e/support/process.h"
#include "support/http_stub.h"

namespace {

using base::Json;

constexpr const char* kWholeApp = R"({"apiVersion":"scalableapp.dev/v1alpha1","kind":"ScalableApp",
    "metadata":{"name":"shop","namespace":"ns","uid":"u","generation":1,"resourceVersion":"1"},
    "spec":{"web":{"image":"shop:1"},"zones":[{"name":"z1"},{"name":"z2"}],
            "loadBalancer":{"exposure":"Ingress","host":"shop.example"},
            "cdn":{"paths":[{"match":"/static/*","ttlSeconds":60}],
                   "providers":[{"name":"main","type":"CloudFront","weight":80,"domain":"d1.cdn.example"}]}},
    "status":{"observedGeneration":1,"cdn":{"epoch":"e1","edgesOnEpoch":"2/2"},
              "conditions":[{"type":"CDNReady","status":"True","reason":"Serving","message":"",
                             "lastTransitionTime":"2026-01-01T00:00:00Z"}]}})";

constexpr const char* kRun = R"({"apiVersion":"scalableapp.dev/v1alpha1","kind":"ChaosRun",
    "metadata":{"name":"run","namespace":"ns","uid":"r","generation":1,"resourceVersion":"1",
                "ownerReferences":[{"apiVersion":"scalableapp.dev/v1alpha1","kind":"ChaosExperiment",
                                    "name":"experiment","uid":"x","controller":true}]},
    "spec":{"app":"shop","fault":{"type":"PodKill"}},
    "status":{"phase":"Done","verdict":"Resilient","timeline":[]}})";

constexpr const char* kExperiment =
    R"({"apiVersion":"scalableapp.dev/v1alpha1","kind":"ChaosExperiment",
    "metadata":{"name":"experiment","namespace":"ns","uid":"x","generation":1,"resourceVersion":"1"},
    "spec":{"app":"shop","target":{"tier":"Web","count":1},"fault":{"type":"PodKill"}},
    "status":{"statistics":{"judged":3}}})";

// Of each kind one object, whatever its name; every list is empty.
void answer(const support::StubRequest& request, support::StubReply& reply) {
    auto path = request.target.substr(0, request.target.find('?'));
    auto about = [&](const char* part) { return path.find(part) != std::string::npos; };
    if (about("/scalableapps/")) {
        return reply.send(200, kWholeApp);
    }
    if (about("/chaosruns/")) {
        return reply.send(200, kRun);
    }
    if (about("/chaosexperiments/")) {
        return reply.send(200, kExperiment);
    }
    if (path == "/version") {
        return reply.send(200, R"({"major":"1","minor":"36"})");
    }
    if (about("/selfsubjectaccessreviews")) {
        return reply.send(201, R"({"apiVersion":"authorization.k8s.io/v1",
            "kind":"SelfSubjectAccessReview","metadata":{},"status":{"allowed":true}})");
    }
    static const std::set<std::string> kLists{"nodes",
                                              "pods",
                                              "services",
                                              "deployments",
                                              "replicasets",
                                              "chaosruns",
                                              "gateways",
                                              "httproutes",
                                              "scalableapps",
                                              "gatewayclasses",
                                              "ingresses",
                                              "configmaps",
                                              "jobs",
                                              "networkpolicies",
                                              "events",
                                              "poddisruptionbudgets",
                                              "horizontalpodautoscalers",
                                              "ingressclasses",
                                              "chaosexperiments"};
    if (kLists.contains(path.substr(path.rfind('/') + 1))) {
        return reply.send(200, R"({"apiVersion":"v1","kind":"List",
            "metadata":{"resourceVersion":"1"},"items":[]})");
    }
    reply.send(404, R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound",
        "code":404,"message":"there is none"})");
}

class EveryVerb : public testing::Test {
  protected:
    EveryVerb() : server_(answer) {
        char name[] = "/tmp/scalableapp-output-XXXXXX";
        folder_ = mkdtemp(name);
        write("config",
              "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
              "contexts: [{name: c, context: {cluster: c, user: u, namespace: ns}}]\n"
              "clusters: [{name: c, cluster: {server: '" +
                  server_.url() + "'}}]\nusers: [{name: u, user: {}}]\n");
        auto app = *base::parseJson(kWholeApp);
        app.erase("status");
        app["metadata"] = {{"name", "shop"}};
        write("app", base::dumpJson(app));
        write("experiment", kExperiment);
    }
    ~EveryVerb() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name) const { return folder_ + "/" + name; }

    void expectJson(const std::vector<std::string>& words) const {
        std::vector<std::string> argv{KUBECTL_SCALABLEAPP};
        argv.insert(argv.end(), words.begin(), words.end());
        argv.insert(argv.end(), {"-o", "json", "--kubeconfig", file("config")});
        auto result = e2e::run(argv);
        std::string said;
        for (const auto& word : words) {
            said += word + " ";
        }
        EXPECT_TRUE(base::parseJson(result.out).ok())
            << said << "printed: " << result.out << "\nand said: " << result.err;
    }

  private:
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name)) << text;
    }

    support::HttpStub server_;
    std::string folder_;
};

void collectVerbs(const CLI::App& app, const std::string& before, std::set<std::string>& out) {
    auto inner = app.get_subcommands([](const CLI::App*) { return true; });
    if (inner.empty()) {
        out.insert(before);
    }
    for (const auto* one : inner) {
        collectVerbs(*one, before.empty() ? one->get_name() : before + " " + one->get_name(), out);
    }
}

std::set<std::string> allVerbs() {
    CLI::App app;
    cli::CommandLine line;
    cli::declareVerbs(app, line);
    std::set<std::string> out;
    collectVerbs(app, "", out);
    return out;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

TEST_F(EveryVerb, PrintsOneJsonDocument) {
    const std::map<std::string, std::vector<std::string>> arguments{
        {"status", {"shop"}},
        {"tree", {"shop"}},
        {"plan", {"-f", file("app")}},
        {"pause", {"shop"}},
        {"resume", {"shop"}},
        {"zone drain", {"shop", "z1"}},
        {"zone undrain", {"shop", "z1"}},
        {"purge", {"shop"}},
        {"export cdn", {"shop"}},
        {"export dns", {"shop"}},
        {"check", {}},
        {"completion", {"bash"}},
        {"version", {}},
        {"chaos run", {"-f", file("experiment")}},
        {"chaos list", {}},
        {"chaos watch", {"run"}},
        {"chaos report", {"run"}},
        {"chaos accept", {"experiment"}},
        {"chaos abort", {"run"}}};
    for (const auto& verb : allVerbs()) {
        auto found = arguments.find(verb);
        ASSERT_NE(found, arguments.end()) << verb << " is new: say here how it is called";
        auto argv = words(verb);
        argv.insert(argv.end(), found->second.begin(), found->second.end());
        expectJson(argv);
    }
}

TEST_F(EveryVerb, PrintsItWithItsOtherFlagsToo) {
    expectJson({"plan", "-f", file("app"), "--diff"});
    expectJson({"check", "--pre"});
    expectJson({"chaos", "run", "-f", file("experiment"), "--no-wait"});
    expectJson({"chaos", "abort", "--all"});
    expectJson({"export", "cdn", "-f", file("app")});
}

}  // namespace
