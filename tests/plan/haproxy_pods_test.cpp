// What balancers are told of the pods beside what names say: which pods, and what HAProxy makes of
// it.
#include "plan/haproxy_pods.h"

#include <gmock/gmock.h>

#include "plan/balancing.h"
#include "plan/load_balancer.h"
#include "plan/objects.h"
#include "support/crowd.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

// --- which pods

Json readyPod(const std::string& address, const std::string& readySince,
              const std::string& zone = "") {
    Json out = Json::parse(R"({"apiVersion":"v1","kind":"Pod",
        "metadata":{"name":"p","labels":{"scalableapp.dev/tier":"web"}},
        "spec":{"containers":[{"name":"web","ports":[{"name":"http","containerPort":8000}]}]},
        "status":{"conditions":[{"type":"Ready","status":"True"}]}})");
    out["status"]["podIP"] = address;
    out["status"]["conditions"][0]["lastTransitionTime"] = readySince;
    if (!zone.empty()) {
        out["metadata"]["labels"]["scalableapp.dev/zone"] = zone;
    }
    return out;
}

std::string told(std::vector<Json> pods) {
    return plan::podsText({.children = std::move(pods), .now = clockStart()});
}

TEST(PodsText, NamesTheNewestPodsByPoolAddressPortAndSince) {
    EXPECT_EQ(told({readyPod("10.0.0.1", "1970-01-01T00:10:00Z"),
                    readyPod("10.0.0.2", "1970-01-01T00:11:00Z", "z1")}),
              "zone-z1 10.0.0.2 8000 660\nweb 10.0.0.1 8000 600\n");
}

TEST(PodsText, LeavesOutWhatNamesHaveLongToldOf) {
    EXPECT_EQ(told({readyPod("10.0.0.1", "1970-01-01T00:10:00Z"),
                    readyPod("10.0.0.2", "1970-01-01T01:00:00Z")}),
              "web 10.0.0.2 8000 3600\n");
}

TEST(PodsText, LeavesOutPodsThatAreNotReadyOrHaveNoAddress) {
    auto unready = readyPod("10.0.0.1", "1970-01-01T00:10:00Z");
    unready["status"]["conditions"][0]["status"] = "False";
    auto nowhere = readyPod("", "1970-01-01T00:10:00Z");
    EXPECT_EQ(told({unready, nowhere}), "");
}

TEST(PodsText, APodOnItsWayOutIsNamedReadyOrNot) {
    auto going = readyPod("10.0.0.1", "1970-01-01T00:10:00Z");
    going["metadata"]["deletionTimestamp"] = "1970-01-01T00:12:00Z";
    EXPECT_EQ(told({going}), "web 10.0.0.1 8000 -720\n");
    going["status"]["conditions"][0]["status"] = "False";
    EXPECT_EQ(told({going}), "web 10.0.0.1 8000 -720\n");
}

TEST(PodsText, IsBoundedAndDoesNotDependOnTheOrder) {
    std::vector<Json> pods;
    for (int i = 0; i < 200; ++i) {
        pods.push_back(readyPod("10.0.0." + std::to_string(i), "1970-01-01T00:10:00Z"));
    }
    auto text = told(pods);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 64);
    std::reverse(pods.begin(), pods.end());
    EXPECT_EQ(told(pods), text);
}

TEST(PodsText, EveryBalancerIsToldAndOnlyWhenItIsNews) {
    auto shop =
        app(R"({"image":"shop:1","replicas":2})", R"({"loadBalancer":{"algorithm":"RoundRobin"}})");
    auto seen = seenAfter(shop);
    seen.children.push_back(readyPod("10.0.0.1", "1970-01-01T00:10:00Z"));
    seen.children.push_back(Json::parse(R"({"apiVersion":"v1","kind":"Pod",
        "metadata":{"name":"lb-1","namespace":"ns","uid":"u",
                    "labels":{"scalableapp.dev/tier":"loadBalancer"}}})"));
    auto notesFor = [&](const std::string& pod) {
        std::vector<plan::Note> out;
        for (const auto& note : plan::planApp(shop, seen).notes) {
            if (note.name == pod && note.annotation == plan::kPodsAnnotation) {
                out.push_back(note);
            }
        }
        return out;
    };
    auto notes = notesFor("lb-1");
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_THAT(notes[0].value, HasSubstr("web 10.0.0.1 8000 600\n"));
    seen.children.back()["metadata"]["annotations"][plan::kPodsAnnotation] = notes[0].value;
    EXPECT_TRUE(notesFor("lb-1").empty());
}

// --- what HAProxy makes of it

class ToldBalancing : public Balancing {
  protected:
    static int64_t secondsAt(std::chrono::seconds ago) {
        auto since = std::chrono::system_clock::now().time_since_epoch() - ago;
        return std::chrono::duration_cast<std::chrono::seconds>(since).count();
    }

    static std::string line(const Pod& pod, std::chrono::seconds ago, const char* pool = "web") {
        return std::string(pool) + " 127.0.0.1 " + std::to_string(pod.port()) + " " +
               std::to_string(secondsAt(ago)) + "\n";
    }

    // It was, or is, to be gone at the end of its grace.
    static std::string going(const Pod& pod, std::chrono::seconds gone = -30s) {
        return "web 127.0.0.1 " + std::to_string(pod.port()) + " -" +
               std::to_string(secondsAt(gone)) + "\n";
    }

    // The newest news was read: the one pod that only it names gets something.
    static bool reached(const Balancer& balancer, const Pod& pod) {
        int before = pod.hits();
        return soon([&] { return balancer.get("/").status != 200 || pod.hits() > before; }) &&
               pod.hits() > before;
    }
};

TEST_F(ToldBalancing, ANewcomerIsServedBeforeNamesKnowIt) {
    auto all = pods(3);
    Balancer balancer(model(), {{"web", {all[0], all[1]}}});
    balancer.tell(line(pod(2), 1s));
    EXPECT_TRUE(reached(balancer, pod(2)));
    int before = pod(2).hits();
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(2).hits() - before, 10) << "a share like the others'";
}

TEST_F(ToldBalancing, OneThatNamesKnowGetsNoSecondShare) {
    auto all = pods(3);
    Balancer balancer(model(), {{"web", {all[0], all[1]}}});
    balancer.tell(line(pod(0), 1s) + line(pod(2), 1s));
    EXPECT_TRUE(reached(balancer, pod(2)));
    int before = pod(0).hits();
    for (int i = 0; i < 30; ++i) {
        balancer.get("/");
    }
    EXPECT_EQ(pod(0).hits() - before, 10);
}

TEST_F(ToldBalancing, OldNewsAndOtherPoolsAreNotFollowed) {
    auto all = pods(4);
    Balancer balancer(model(), {{"web", {all[0]}}});
    balancer.tell(line(pod(1), 200s) + line(pod(2), 1s, "zone-z1") + line(pod(3), 1s));
    EXPECT_TRUE(reached(balancer, pod(3)));
    EXPECT_EQ(pod(1).hits() + pod(2).hits(), 0);
}

TEST_F(ToldBalancing, ANewcomersServerIsGivenBack) {
    auto all = pods(2);
    Balancer balancer(model(), {{"web", {all[0]}}});
    balancer.tell(line(pod(1), 1s));
    EXPECT_TRUE(reached(balancer, pod(1)));
    balancer.tell("");
    EXPECT_TRUE(soon([&] {
        int before = pod(1).hits();
        for (int i = 0; i < 4; ++i) {
            balancer.get("/");
        }
        return pod(1).hits() == before;
    }));
}

TEST_F(ToldBalancing, APodThatGoesGetsNothingNewAndFinishesWhatItHas) {
    auto all = pods(3);
    Balancer balancer(model(api::Algorithm::LeastConnections), {{"web", {all[0], all[1]}}});
    pod(1).hold();
    std::vector<std::shared_future<Answer>> hanging;
    ASSERT_TRUE(soon([&] {
        hanging.push_back(begin(balancer));
        return pod(1).hits() > 0;
    }));
    // The others are answered: from now on it has the most to do, and is asked last.
    ASSERT_TRUE(soon([&] {
        return std::count_if(hanging.begin(), hanging.end(),
                             [](const auto& answer) { return !done(answer); }) == pod(1).atOnce();
    }));
    balancer.tell(going(pod(1)) + line(pod(2), 1s));
    EXPECT_TRUE(reached(balancer, pod(2)));
    int before = pod(1).hits();
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(1).hits(), before);
    pod(1).release();
    for (auto& answer : hanging) {
        EXPECT_EQ(answer.get().status, 200);
    }
}

TEST_F(ToldBalancing, ThatAPodIsGoneIsRememberedUntilNamesForgetIt) {
    auto all = pods(3);
    Balancer balancer(model(), {{"web", {all[0], all[1]}}});
    balancer.tell(going(pod(1)));
    ASSERT_TRUE(soon([&] {
        int before = pod(1).hits();
        for (int i = 0; i < 4; ++i) {
            balancer.get("/");
        }
        return pod(1).hits() == before;
    }));
    balancer.tell(line(pod(2), 1s));
    EXPECT_TRUE(reached(balancer, pod(2)));
    int before = pod(1).hits();
    for (int i = 0; i < 12; ++i) {
        balancer.get("/");
    }
    EXPECT_EQ(pod(1).hits(), before) << "gone, and names do not know it yet";
    balancer.tell(line(pod(1), 1s));
    EXPECT_TRUE(reached(balancer, pod(1))) << "another pod has its address";
}

// An operator that is away does not take it back.
TEST_F(ToldBalancing, ThatAPodWentIsForgottenWhenItsAddressMayBeAnothers) {
    auto all = pods(3);
    Balancer balancer(model(), {{"web", {all[0], all[1]}}});
    balancer.tell(going(pod(0), 100s) + line(pod(2), 1s));
    EXPECT_TRUE(reached(balancer, pod(2))) << "what is told is read";
    int before = pod(0).hits();
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(balancer.get("/").status, 200);
    }
    EXPECT_EQ(pod(0).hits() - before, 10);
}

TEST_F(ToldBalancing, TheLastOnesAreAskedWhileTheyAnswer) {
    auto all = pods(2);
    Balancer balancer(model(), {{"web", {all[0]}}});
    balancer.tell(line(pod(1), 1s));
    EXPECT_TRUE(reached(balancer, pod(1))) << "what is told is read";
    balancer.tell(going(pod(0)));
    EXPECT_TRUE(soon([&] {
        int before = pod(1).hits();
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(balancer.get("/").status, 200);
        }
        return pod(1).hits() == before;
    }));
    EXPECT_GT(pod(0).hits(), 0);
}

TEST_F(ToldBalancing, ComingAndGoingFailsNobody) {
    auto all = pods(4);
    Balancer balancer(model(), {{"web", {all[0], all[1]}}});
    auto visitors = std::async(std::launch::async, [&] {
        return support::crowd({.to = {balancer.port()}, .clients = 8, .requests = 6000});
    });
    const std::vector<std::string> news{line(pod(2), 1s),
                                        line(pod(2), 1s) + line(pod(3), 1s) + going(pod(0)),
                                        line(pod(3), 1s) + going(pod(1)), ""};
    for (size_t i = 0; visitors.wait_for(100ms) != std::future_status::ready; ++i) {
        balancer.tell(news[i % news.size()]);
    }
    EXPECT_EQ(visitors.get().failed, 0);
}

}  // namespace
