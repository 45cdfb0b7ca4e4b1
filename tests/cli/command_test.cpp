// The programs as people call them: what is wrong is said in one line, and with exit code 2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/version.h"
#include "e2e/support/process.h"

namespace {

using e2e::run;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kShop =
    "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\nmetadata: {name: shop}\n"
    "spec: {web: {image: 'shop:1'}}\n";

class Folder {
  public:
    Folder() {
        char name[] = "/tmp/scalableapp-cli-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~Folder() {
        for (const auto& file : files_) {
            unlink(file.c_str());
        }
        rmdir(path_.c_str());
    }
    std::string write(const std::string& name, const std::string& text) {
        files_.push_back(path_ + "/" + name);
        std::ofstream(files_.back()) << text;
        return files_.back();
    }

  private:
    std::string path_;
    std::vector<std::string> files_;
};

void expectOneLine(const e2e::RunResult& result, int code) {
    EXPECT_EQ(result.exitCode, code) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(result.out, "");
}

TEST(Usage, WrongFlagsOfThePlugin) {
    for (const auto& args : std::vector<std::vector<std::string>>{
             {},
             {"statsu"},
             {"status"},
             {"status", "a", "b"},
             {"status", "a", "-o", "xml"},
             {"tree"},
             {"pause"},
             {"check", "--post"},
             {"plan"},
             {"plan", "-f"},
             {"plan", "--file", "x"},
             {"completion", "tcsh"},
             {"chaos"},
             {"chaos", "run"},
             {"chaos", "run", "-f", "/none"},
             {"chaos", "report"},
             {"chaos", "report", "a", "--experiment", "b"},
             {"chaos", "report", "--experiment", "b", "-o", "html"},
             {"chaos", "accept"},
             {"chaos", "abort"},
             {"chaos", "abort", "a", "--all"},
             {"--kubeconfig"}}) {
        std::vector<std::string> argv{KUBECTL_SCALABLEAPP};
        argv.insert(argv.end(), args.begin(), args.end());
        expectOneLine(run(argv), 2);
    }
}

TEST(Usage, WrongFlagsOfTheOperator) {
    for (const auto& args :
         std::vector<std::vector<std::string>>{{"--no-such-flag"},
                                               {"--workers", "0"},
                                               {"--workers", "many"},
                                               {"--log-format", "xml"},
                                               {"--log-level", "loud"},
                                               {"--leader-elect=perhaps"},
                                               {"--listen", "8080"},
                                               {"--listen", "0.0.0.0:99999"},
                                               {"stray"},
                                               {"--kubeconfig", "/no/such/file"}}) {
        std::vector<std::string> argv{SCALABLEAPP_OPERATOR};
        argv.insert(argv.end(), args.begin(), args.end());
        expectOneLine(run(argv), 2);
    }
}

TEST(Usage, AKubeconfigThatIsNoneIsNamed) {
    Folder folder;
    auto file = folder.write("config", "clusters: [\n");
    for (const auto& argv : std::vector<std::vector<std::string>>{
             {SCALABLEAPP_OPERATOR, "--kubeconfig", file},
             {KUBECTL_SCALABLEAPP, "status", "shop", "--kubeconfig", file},
             {KUBECTL_SCALABLEAPP, "plan", "--diff", "-f", folder.write("s.yaml", kShop),
              "--kubeconfig", file}}) {
        auto result = run(argv);
        expectOneLine(result, 2);
        EXPECT_THAT(result.err, HasSubstr(file));
    }
}

TEST(Usage, HelpAndVersionSucceed) {
    for (const char* program : {KUBECTL_SCALABLEAPP, SCALABLEAPP_OPERATOR}) {
        auto help = run({program, "--help"});
        EXPECT_EQ(help.exitCode, 0);
        EXPECT_THAT(help.out, HasSubstr("Exit codes"));
        auto version = run({program, "--version"});
        EXPECT_EQ(version.exitCode, 0);
        EXPECT_THAT(version.out, HasSubstr(base::version()));
    }
    EXPECT_THAT(run({KUBECTL_SCALABLEAPP, "version"}).out, HasSubstr(base::version()));
    EXPECT_THAT(run({KUBECTL_SCALABLEAPP, "plan", "--help"}).out, HasSubstr("--diff"));
}

TEST(PlanCommand, ReadsStandardInputAndNeedsNoCluster) {
    auto result = run({"/usr/bin/env", "-u", "KUBECONFIG", "HOME=/nowhere", KUBECTL_SCALABLEAPP,
                       "plan", "-f", "-"},
                      kShop);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("kind: Deployment\n"));
    EXPECT_THAT(result.out, HasSubstr("kind: Service\n"));
    EXPECT_EQ(result.out.find("namespace:"), std::string::npos);
    EXPECT_EQ(result.out.find("ownerReferences"), std::string::npos);
    auto json = run({KUBECTL_SCALABLEAPP, "plan", "-f", "-", "-o", "json", "-n", "here"}, kShop);
    EXPECT_THAT(json.out, HasSubstr("\"kind\": \"List\""));
    EXPECT_THAT(json.out, HasSubstr("\"namespace\": \"here\""));
}

TEST(PlanCommand, ErrorsAreOneLineEach) {
    Folder folder;
    auto bad =
        folder.write("bad.yaml",
                     "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\n"
                     "metadata: {name: shop}\nspec:\n  web:\n    image: a\n    port: 99999\n");
    auto result = run({KUBECTL_SCALABLEAPP, "plan", "-f", bad});
    expectOneLine(result, 1);
    EXPECT_THAT(result.err, StartsWith("kubectl-scalableapp: " + bad + ":7: spec.web.port: "));
    expectOneLine(run({KUBECTL_SCALABLEAPP, "plan", "-f", "/no/such.yaml"}), 2);
    auto none = run({KUBECTL_SCALABLEAPP, "plan", "-f", "-"}, "kind: Pod\n");
    expectOneLine(none, 1);
    EXPECT_THAT(none.err, HasSubstr("no ScalableApp"));
}

TEST(PlanCommand, WhatCannotBeBuiltIsToldAndFails) {
    auto result =
        run({KUBECTL_SCALABLEAPP, "plan", "-f", "-"},
            "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\n"
            "metadata: {name: shop}\nspec:\n  web: {image: 'shop:1'}\n"
            "  cdn: {paths: [{match: '/*', ttlSeconds: 1}, {match: /a, ttlSeconds: 1}]}\n");
    expectOneLine({result.exitCode, "", result.err}, 1);
    EXPECT_THAT(result.err, HasSubstr("shop: cdn: PathShadowed \"/a\""));
    EXPECT_THAT(result.out, HasSubstr("kind: Deployment")) << "the other tiers can be";
}

// The objects of applications as they were agreed on: a change here restarts people's pods when
// they upgrade the operator.
class GoldenPlan : public testing::TestWithParam<const char*> {};

TEST_P(GoldenPlan, IsPrinted) {
    std::string name = GetParam();
    std::ifstream golden(GOLDEN "/" + name + "-plan.yaml");
    std::stringstream expected;
    expected << golden.rdbuf();
    auto result = run({KUBECTL_SCALABLEAPP, "plan", "-f", GOLDEN "/" + name + ".yaml"});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, expected.str())
        << "wanted? then: kubectl-scalableapp plan -f tests/cli/golden/" << name
        << ".yaml >tests/cli/golden/" << name << "-plan.yaml";
}

// web alone, and every tier with every clause that its configuration is rendered from
INSTANTIATE_TEST_SUITE_P(All, GoldenPlan, testing::Values("shop", "tiers"));

TEST(Usage, AnUnreachableServerIsOneLine) {
    Folder folder;
    auto file = folder.write("config",
                             "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                             "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
                             "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
                             "users: [{name: u, user: {}}]\n");
    for (const char* verb : {"status", "tree", "pause", "resume"}) {
        expectOneLine(run({KUBECTL_SCALABLEAPP, verb, "shop", "--kubeconfig", file}), 1);
    }
    expectOneLine(run({KUBECTL_SCALABLEAPP, "check", "--kubeconfig", file}), 1);
}

TEST(Completion, EveryShellKnowsTheCommands) {
    for (const char* shell : {"bash", "zsh", "fish", "kubectl"}) {
        auto script = run({KUBECTL_SCALABLEAPP, "completion", shell});
        ASSERT_EQ(script.exitCode, 0);
        for (const char* word : {"status", "plan", "completion"}) {
            EXPECT_THAT(script.out, HasSubstr(word)) << shell;
        }
    }
}

class CompletionScript : public testing::TestWithParam<const char*> {};

// A shell reads it and carries nothing out.
TEST_P(CompletionScript, Parses) {
    std::string shell = GetParam();
    if (run({shell, "-c", "exit"}).exitCode == 127) {
        GTEST_SKIP() << shell << " is not installed: whether it takes its script is not known";
    }
    Folder folder;
    auto script = folder.write("script", run({KUBECTL_SCALABLEAPP, "completion", shell}).out);
    auto parsed = run({shell, "-n", script});
    EXPECT_EQ(parsed.exitCode, 0) << parsed.err;
    EXPECT_EQ(parsed.err, "");
}

INSTANTIATE_TEST_SUITE_P(Shells, CompletionScript, testing::Values("bash", "zsh", "fish"));

TEST(Completion, FishKnowsTheOptionsOfNestedCommands) {
    auto script = run({KUBECTL_SCALABLEAPP, "completion", "fish"}).out;
    EXPECT_THAT(script, HasSubstr("-n '__fish_seen_subcommand_from export; and "
                                  "__fish_seen_subcommand_from cdn' -l provider\n"));
    EXPECT_THAT(script,
                HasSubstr("-n '__fish_seen_subcommand_from plan' -s f -l filename -r -F\n"));
    EXPECT_THAT(script, HasSubstr("\ncomplete -c kubectl-scalableapp -s n -l namespace\n"));
    EXPECT_THAT(script, HasSubstr("-n '__fish_seen_subcommand_from zone; and not "
                                  "__fish_seen_subcommand_from drain undrain' -a drain "));
}

TEST(Completion, BashCompletesWordsOfTheCommandThatWasTyped) {
    auto script = run({KUBECTL_SCALABLEAPP, "completion", "bash"}).out;
    auto completed = run({"/bin/bash", "-c",
                          script + "\nCOMP_WORDS=(kubectl-scalableapp plan --d); COMP_CWORD=2; "
                                   "_kubectl_scalableapp; echo ${COMPREPLY[@]}"});
    EXPECT_EQ(completed.out, "--diff\n") << completed.err;
    auto inner = run({"/bin/bash", "-c",
                      script + "\nCOMP_WORDS=(kubectl-scalableapp zone dr); COMP_CWORD=2; "
                               "_kubectl_scalableapp; echo ${COMPREPLY[@]}"});
    EXPECT_EQ(inner.out, "drain\n") << inner.err;
}

TEST(Completion, AnswersKubectlInItsOwnWords) {
    auto script = run({KUBECTL_SCALABLEAPP, "completion", "kubectl"}).out;
    auto ask = [&](const std::vector<std::string>& words) {
        std::vector<std::string> argv{"/bin/bash", "-c", script, "kubectl_complete-scalableapp"};
        argv.insert(argv.end(), words.begin(), words.end());
        return run(argv).out;
    };
    EXPECT_EQ(ask({"zone", "dr"}), "drain\n:4\n");
    EXPECT_EQ(ask({"plan", "--d"}), "--diff\n:4\n");
    EXPECT_EQ(ask({"no-such-verb", "xyz"}), ":4\n");
    EXPECT_THAT(ask({"plan", "-f", ""}), HasSubstr(":0"));
}

TEST(Output, TheVersionForPrograms) {
    auto version = run({KUBECTL_SCALABLEAPP, "version", "-o", "json"});
    EXPECT_THAT(version.out, HasSubstr("\"version\""));
    EXPECT_EQ(version.exitCode, 0);
}

}  // namespace
