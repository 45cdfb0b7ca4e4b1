#include "cli/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

cli::Manifests manifests(const std::string& text, const std::string& namespace_ = "") {
    cli::Manifests out;
    cli::addManifests(out, "shop.yaml", text, namespace_);
    return out;
}

constexpr const char* kGood = R"(apiVersion: scalableapp.dev/v1alpha1
kind: ScalableApp
metadata: {name: shop}
spec:
  web:
    image: shop:1
)";

TEST(Manifest, AnAppIsReadWithItsPlace) {
    auto found = manifests(std::string("# first\n---\n") + kGood);
    ASSERT_TRUE(found.errors.empty()) << found.errors.front();
    ASSERT_EQ(found.apps.size(), 1U);
    EXPECT_EQ(found.apps[0].app.name, "shop");
    EXPECT_EQ(found.apps[0].origin, "shop.yaml:3");
}

TEST(Manifest, TheNamespaceIsTheOneGivenUnlessItNamesOne) {
    EXPECT_EQ(manifests(kGood, "here").apps.at(0).app.namespace_, "here");
    std::string own(kGood);
    own.replace(own.find("name: shop"), 10, "name: shop, namespace: there");
    EXPECT_EQ(manifests(own, "here").apps.at(0).app.namespace_, "there");
}

TEST(Manifest, ABrokenRuleNamesFileLineFieldAndRemedy) {
    std::string text(kGood);
    text += "    port: 0\n";
    auto found = manifests("a: 1\n---\n" + text);
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_THAT(found.errors[0], StartsWith("shop.yaml:9: spec.web.port: "));
    EXPECT_TRUE(found.apps.empty());
}

TEST(Manifest, AMissingFieldIsReportedWhereItWouldStand) {
    auto found = manifests(
        "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\nmetadata: {name: shop}\nspec:\n"
        "  web:\n    port: 80\n");
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_THAT(found.errors[0], HasSubstr("shop.yaml:6: spec.web"));
}

TEST(Manifest, AMisspelledFieldIsAnError) {
    auto found = manifests(std::string(kGood) + "    replica: 3\n");
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_THAT(found.errors[0], StartsWith("shop.yaml:7: unknown field \"spec.web.replica\""));
}

TEST(Manifest, OtherKindsAreLeftOutAndNonObjectsAreErrors) {
    auto found = manifests(std::string("kind: Namespace\n---\n") + kGood + "---\n- a\n");
    EXPECT_EQ(found.apps.size(), 1U);
    EXPECT_THAT(found.skipped, ElementsAre("shop.yaml:1: Namespace"));
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_THAT(found.errors[0], StartsWith("shop.yaml:10: not a Kubernetes object"));
}

TEST(Manifest, EveryErrorIsOneLine) {
    auto found = manifests("a: [1\n");
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_THAT(found.errors[0], StartsWith("shop.yaml: line 2: "));
    EXPECT_EQ(found.errors[0].find('\n'), std::string::npos);
}

TEST(Manifest, AFileThatCannotBeReadSaysSo) {
    auto found = cli::readManifests({"/no/such/file.yaml"}, "");
    ASSERT_TRUE(found.unreadable);
    EXPECT_THAT(*found.unreadable, HasSubstr("/no/such/file.yaml"));
    EXPECT_TRUE(cli::readManifests({"/"}, "").unreadable);
}

}  // namespace
