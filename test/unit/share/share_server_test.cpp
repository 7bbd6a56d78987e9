#include "agent/share/share_server.hpp"

#include <gmock/gmock.h>

#include "agent/share/fields_digest.hpp"
#include "base/async/loop.hpp"
#include "base/async/loop_clock.hpp"

namespace klaw::share {
namespace {

class ShareServerTest : public testing::Test {
protected:
    ShareServerTest() {
        served->listBegins();
        served->listEnds("5");
    }
    int statusOf(const std::string& target, const std::string& token = "Bearer secret",
                 const std::string& method = "GET") {
        net::ServerRequest request;
        request.method = method;
        request.target = target;
        if (!token.empty()) request.headers.add("Authorization", token);
        return server.answer(request).status;
    }

    Loop loop;
    SystemLoopClock clock{loop};
    observe::ResourceObserver observer{observe::ObserverOptions(), [](const rules::Change&) {}};
    std::shared_ptr<ServedResource> served =
        std::make_shared<ServedResource>(loop, observer, "d1", [] { return true; });
    ShareServer server{clock, "secret", [this](const std::string& cluster, const std::string& resource) {
                           bool watched = cluster == "main" && (resource == "pods" || resource == "deployments.apps");
                           return watched ? served : nullptr;
                       }};
};

TEST_F(ShareServerTest, AnswersNobodyWithoutTheToken) {
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1", ""), 401);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1", "Bearer secre"), 401);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1", "Basic secret"), 401);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1"), 200);
}

TEST_F(ShareServerTest, FindsResourcesByThePathsOfTheApiServer) {
    EXPECT_EQ(statusOf("/share/main/apis/apps/v1/deployments?fields=d1"), 200);
    EXPECT_EQ(statusOf("/share/main/api/v1/nodes?fields=d1"), 503);
    EXPECT_EQ(statusOf("/share/other/api/v1/pods?fields=d1"), 503);
    EXPECT_EQ(statusOf("/share/main/api/v1/namespaces/shop/pods?fields=d1"), 404);
    EXPECT_EQ(statusOf("/share/"), 404);
}

TEST_F(ShareServerTest, RefusesReadersOfOtherFields) {
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d2"), 409);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods"), 409);
}

TEST_F(ShareServerTest, GoesOnOnlyFromVersionsThatItKnows) {
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1&resourceVersion=5"), 200);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1&resourceVersion=4"), 410);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1&resourceVersion=6"), 504);
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1&resourceVersion=x"), 400);
}

TEST_F(ShareServerTest, CannotBeChanged) {
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1", "Bearer secret", "POST"), 405);
}

TEST_F(ShareServerTest, SaysThatItDoesNotHaveAllWhileItLists) {
    served->listBegins();
    EXPECT_EQ(statusOf("/share/main/api/v1/pods?fields=d1"), 503);
}

TEST(FieldsDigest, IsTheSameForTheSameFieldsInAnyOrder) {
    rules::FieldTree one, other, third;
    one.add("status.phase");
    one.add("metadata.labels");
    other.add("metadata.labels");
    other.add("status.phase");
    third.add("status.phase");
    EXPECT_EQ(fieldsDigest(one), fieldsDigest(other));
    EXPECT_NE(fieldsDigest(one), fieldsDigest(third));
}

}  // namespace
}  // namespace klaw::share
