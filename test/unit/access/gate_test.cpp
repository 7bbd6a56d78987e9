#include "agent/access/gate.hpp"

#include <gtest/gtest.h>

#include "base/async/loop.hpp"
#include "base/async/task_group.hpp"

namespace klaw::access {
namespace {

class GateTest : public testing::Test {
protected:
    Result<Permit> ask(const std::string& identity, Permit::Extent extent) {
        auto append = [this](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
            stored.push_back(unit.audit.back().decision + (unit.meta.empty() ? "" : " kept"));
            storage::Committed committed;
            if (durable) committed.auditSeqs.push_back(7);
            co_return committed;
        };
        Gate gate(append, [] { return TimePoint(); });
        gate.setPolicy(Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}}}));
        storage::UnitOfWork unit;
        unit.audit.push_back({{}, identity, "restart", "", "prod/shop/Deployment/web", "{}"});
        unit.meta.push_back({"change:1", "{}"});
        std::optional<Result<Permit>> permit;
        auto asking = [&]() -> Task<void> {
            Request request{identity, "", "restart", "workloads", Place{"prod", "shop"}};
            permit = co_await gate.permit(std::move(request), extent, digestOf("PATCH", "/web", "[]"), std::move(unit));
        };
        Loop loop;
        TaskGroup tasks(loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; });
        tasks.spawn("ask", asking());
        EXPECT_TRUE(loop.runUntil([&] { return permit.has_value(); }));
        return std::move(*permit);
    }

    bool durable = true;
    std::vector<std::string> stored;
};

TEST_F(GateTest, GivesAPermitOnceItsRowIsInTheLog) {
    auto permit = ask("feishu:ou_li", Permit::Extent::Change);
    ASSERT_TRUE(permit);
    EXPECT_EQ(permit->auditSeq(), 7);
    EXPECT_EQ(permit->cluster(), "prod");
    EXPECT_EQ(permit->ns(), "shop");
    EXPECT_EQ(permit->identity(), "feishu:ou_li");
    EXPECT_EQ(stored, std::vector<std::string>{"allowed kept"});
}

TEST_F(GateTest, GivesAPermitForOneRequestOnly) {
    auto permit = ask("feishu:ou_li", Permit::Extent::Change);
    EXPECT_TRUE(permit->covers(digestOf("PATCH", "/web", "[]")));
    EXPECT_FALSE(permit->covers(digestOf("PATCH", "/web", "[1]")));
    EXPECT_FALSE(permit->covers(digestOf("PATCH", "/web[", "]")));
    EXPECT_FALSE(permit->covers(digestOf("DELETE", "/web", "[]")));
}

TEST_F(GateTest, GivesNoMoreThanWasAskedFor) {
    EXPECT_EQ(ask("feishu:ou_li", Permit::Extent::DryRun)->extent(), Permit::Extent::DryRun);
    EXPECT_EQ(stored, std::vector<std::string>{"previewed kept"});
}

TEST_F(GateTest, RecordsARefusalAndNothingElseOfIt) {
    auto permit = ask("feishu:ou_stranger", Permit::Extent::Change);
    ASSERT_FALSE(permit);
    EXPECT_EQ(permit.error().code, ErrorCode::PermissionDenied);
    EXPECT_EQ(stored, std::vector<std::string>{"denied"});
}

/// One change an hour: what a first and a second get, in one Gate.
class LimitedGateTest : public testing::Test {
protected:
    Result<Permit> ask(const std::string& identity, bool furtherPart = false) {
        std::optional<Result<Permit>> permit;
        auto asking = [&]() -> Task<void> {
            Request request{identity, "", "restart", "workloads", Place{"prod", "shop"}};
            request.furtherPart = furtherPart;
            storage::UnitOfWork unit;
            unit.audit.push_back({{}, identity, "restart", "", "prod/shop/Deployment/web", "{}"});
            permit = co_await gate.permit(std::move(request), Permit::Extent::Change, "digest", std::move(unit));
        };
        Loop loop;
        TaskGroup tasks(loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; });
        tasks.spawn("ask", asking());
        EXPECT_TRUE(loop.runUntil([&] { return permit.has_value(); }));
        return std::move(*permit);
    }
    void SetUp() override {
        gate.setPolicy(Policy({{"Li", {"feishu:ou_li", "dingtalk:li"}, {}, "operator", {}, {}}}));
        Limit one;
        one.changesPerPerson = 1;
        gate.setLimits({one});
    }

    bool durable = true;
    std::vector<std::string> decisions;
    TimePoint now = TimePoint() + 24h;
    Gate gate{[this](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
                  decisions.push_back(unit.audit.back().decision);
                  storage::Committed committed;
                  if (durable) committed.auditSeqs.push_back(7);
                  co_return committed;
              },
              [this] { return now; }};
};

TEST_F(LimitedGateTest, CountsAPersonOnAllTheirAccountsForAnHour) {
    EXPECT_TRUE(ask("feishu:ou_li"));
    auto second = ask("dingtalk:li");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(decisions, (std::vector<std::string>{"allowed", "denied"}));
    now += 1h;
    EXPECT_TRUE(ask("feishu:ou_li"));
}

TEST_F(LimitedGateTest, CountsAChangeOfSeveralPartsOnce) {
    EXPECT_TRUE(ask("feishu:ou_li"));
    EXPECT_TRUE(ask("feishu:ou_li", true));
    EXPECT_TRUE(ask("feishu:ou_li", true));
    EXPECT_FALSE(ask("feishu:ou_li"));
}

TEST_F(LimitedGateTest, DoesNotCountWhatCouldNotBeRecorded) {
    durable = false;
    EXPECT_FALSE(ask("feishu:ou_li"));
    durable = true;
    EXPECT_TRUE(ask("feishu:ou_li"));
}

TEST_F(LimitedGateTest, CountsWhatWasDoneBeforeARestart) {
    gate.countEarlier("dingtalk:li", placeOfTarget("prod/shop/Deployment/web"), now - 59min);
    EXPECT_FALSE(ask("feishu:ou_li"));
    now += 1min;
    EXPECT_TRUE(ask("feishu:ou_li"));
}

TEST_F(GateTest, GivesNoneWhenNothingCanBeRecorded) {
    durable = false;
    auto permit = ask("feishu:ou_li", Permit::Extent::Change);
    ASSERT_FALSE(permit);
    EXPECT_EQ(permit.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace klaw::access
