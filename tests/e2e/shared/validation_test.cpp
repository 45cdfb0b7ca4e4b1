// The API server itself refuses what breaks a rule, with our message; what the offline check
// accepts it accepts too. One table of cases (tests/api/cases) serves both sides.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "e2e/support/cluster.h"

namespace {

using namespace e2e;
namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

class Validation : public ClusterTest {
  protected:
    RunResult dryRun(const std::string& yaml) {
        return kubectl({"create", "--dry-run=server", "-f", "-"}, yaml);
    }
    static std::vector<fs::path> cases(const std::string& folder) {
        std::vector<fs::path> out;
        for (const auto& entry : fs::directory_iterator(fs::path(E2E_CASES) / folder)) {
            out.push_back(entry.path());
        }
        std::sort(out.begin(), out.end());
        return out;
    }
};

TEST_F(Validation, GoodResourcesAreTaken) {
    auto files = cases("valid");
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        auto result = dryRun(slurp(file));
        EXPECT_TRUE(result.ok()) << file.filename() << ": " << result.err;
    }
}

TEST_F(Validation, BadResourcesAreRefusedWithOurMessage) {
    auto files = cases("invalid");
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        std::string text = slurp(file);
        ASSERT_TRUE(text.starts_with("# ")) << file << ": the first line is the expected message";
        std::string expected = text.substr(2, text.find('\n') - 2);
        auto result = dryRun(text);
        EXPECT_FALSE(result.ok()) << file.filename() << " was taken";
        EXPECT_NE(result.err.find(expected), std::string::npos)
            << file.filename() << ": expected «" << expected << "», got: " << result.err;
    }
}

}  // namespace
