#include "agent/kube/token_expiry.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/digest.hpp"

namespace klaw::kube {
namespace {

std::string tokenOf(const std::string& claims) {
    auto encoded = base64Encode(claims);
    while (encoded.ends_with('=')) encoded.pop_back();
    return "eyJhbGciOiJSUzI1NiJ9." + encoded + ".c2lnbmF0dXJl";
}

TEST(TokenExpiry, IsWhatTheTokenSays) {
    EXPECT_EQ(tokenExpiry(tokenOf(R"({"exp":1790000000,"iss":"k"})")),
              TimePoint() + std::chrono::seconds(1'790'000'000));
    EXPECT_EQ(tokenExpiry(tokenOf(R"({"exp":1790000000.5})")), TimePoint() + std::chrono::seconds(1'790'000'000));
}

TEST(TokenExpiry, IsNothingForWhatDoesNotSay) {
    for (std::string text : {std::string(), std::string("abcdef.0123456789abcdef"), std::string("a.b.c"),
                             std::string("..."), tokenOf("{}"), tokenOf(R"({"exp":"soon"})"), tokenOf(R"({"exp":-1})"),
                             tokenOf(R"({"exp":1e300})"), tokenOf("[1]"), tokenOf("no JSON")})
        EXPECT_EQ(tokenExpiry(text), std::nullopt) << text;
}

TEST(TokenExpiry, OfAFileIsThatOfWhatStandsThereNow) {
    ClusterAccess access;
    access.token = tokenOf(R"({"exp":1})");
    EXPECT_EQ(tokenExpiry(access), TimePoint() + std::chrono::seconds(1));
    auto path = std::filesystem::path(testing::TempDir()) / "klaw-token-expiry";
    access.tokenFile = path.string();
    std::ofstream(path) << tokenOf(R"({"exp":2})") << "\n";
    EXPECT_EQ(tokenExpiry(access), TimePoint() + std::chrono::seconds(2));
    std::filesystem::remove(path);
    EXPECT_EQ(tokenExpiry(access), std::nullopt);
}

}  // namespace
}  // namespace klaw::kube
