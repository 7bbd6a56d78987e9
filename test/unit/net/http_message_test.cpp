#include "base/net/http_message.hpp"

#include <gtest/gtest.h>

#include "base/net/http_server.hpp"
#include "base/net/url.hpp"

namespace klaw::net {

TEST(HttpHeaders, CompareNamesWithoutCaseAndKeepTheirOrder) {
    HttpHeaders headers;
    headers.add("Set-Cookie", "a");
    headers.add("X-Other", "o");
    headers.add("set-cookie", "b");
    EXPECT_EQ(headers.get("SET-COOKIE"), "a");
    EXPECT_EQ(headers.all().size(), 3u);
    headers.set("Set-Cookie", "c");
    EXPECT_EQ(headers.get("set-cookie"), "c");
    EXPECT_EQ(headers.all().size(), 2u);
    headers.remove("x-other");
    EXPECT_FALSE(headers.get("X-Other"));
}

TEST(PercentCoding, LeavesOnlyUnreservedCharactersAndComesBackUnchanged) {
    std::string text = "a/b c?d=\xE4\xBD\xA0&~-._%";
    auto encoded = percentEncode(text);
    EXPECT_EQ(encoded, "a%2Fb%20c%3Fd%3D%E4%BD%A0%26~-._%25");
    EXPECT_EQ(percentDecode(encoded), text);
}

TEST(PercentCoding, RefusesBrokenEscapes) {
    EXPECT_FALSE(percentDecode("%"));
    EXPECT_FALSE(percentDecode("%4"));
    EXPECT_FALSE(percentDecode("%4g"));
    EXPECT_EQ(percentDecode("%4a+"), "J+");
}

TEST(UrlParsing, TakesAUrlApart) {
    auto url = parseUrl("https://user:p%40ss@example.org:8443/a/b?c=d#e");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "example.org");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/a/b?c=d");
    EXPECT_EQ(url->userInfo, "user:p%40ss");
    EXPECT_EQ(url->origin(), "https://example.org:8443");
}

TEST(UrlParsing, FillsInPortAndPath) {
    EXPECT_EQ(shownUrl("https://user:p%40ss@example.org:8443/a/b?c=d#e"), "https://example.org:8443/a/b");
    EXPECT_EQ(shownUrl("http://am:9093"), "http://am:9093");
    auto plain = parseUrl("HTTP://example.org");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->port, 80);
    EXPECT_EQ(plain->target, "/");
    EXPECT_EQ(plain->hostField(), "example.org");
    auto query = parseUrl("https://example.org?x=1");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->target, "/?x=1");
    EXPECT_EQ(query->authority(), "example.org:443");
}

TEST(UrlParsing, KnowsIpv6Literals) {
    auto url = parseUrl("http://[::1]:8080/x");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->hostField(), "[::1]:8080");
}

TEST(UrlParsing, RefusesWhatIsNoUrl) {
    for (const char* text :
         {"", "example.org/x", "ftp://example.org", "http://", "http://:80", "http://a:0", "http://a:65536",
          "http://a:8x", "http://a b/", "http://a/\r\nX: y", "http://[::1", "http://[::1]x", "http://a:1:2/"})
        EXPECT_FALSE(parseUrl(text)) << text;
}

TEST(ServerRequest, SplitsPathAndDecodedQuery) {
    ServerRequest request;
    request.target = "/logs/x?follow=1&name=a%20b+c&empty&bad=%zz";
    EXPECT_EQ(request.path(), "/logs/x");
    EXPECT_EQ(request.query("follow"), "1");
    EXPECT_EQ(request.query("name"), "a b c");
    EXPECT_EQ(request.query("empty"), "");
    EXPECT_EQ(request.query("bad"), "%zz");
    EXPECT_EQ(request.query("absent"), std::nullopt);
    request.target = "/";
    EXPECT_EQ(request.path(), "/");
    EXPECT_EQ(request.query("x"), std::nullopt);
}

}  // namespace klaw::net
