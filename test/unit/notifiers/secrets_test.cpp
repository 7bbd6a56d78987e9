#include "base/text/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace klaw {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SecretMasking, HidesTheValueAndKeepsWhatHelps) {
    EXPECT_EQ(maskSecrets("password=hunter2, user=app"), "password=***, user=app");
    EXPECT_EQ(maskSecrets("DB_PASSWORD: \"s3 cr,et\" host: db-1"), "DB_PASSWORD: \"***\" host: db-1");
    EXPECT_EQ(maskSecrets(R"({\"api_key\":\"a\\\"b\",\"n\":1})"), R"({\"api_key\":\"***\",\"n\":1})");
    EXPECT_EQ(maskSecrets("mysql --password hunter2 -u root"), "mysql --password *** -u root");
    EXPECT_EQ(maskSecrets("Server=x;Password=y;Database=z"), "Server=x;Password=***;Database=z");
    EXPECT_EQ(maskSecrets("密码：abc123"), "密码：***");
}

TEST(SecretMasking, HidesPasswordsInAddresses) {
    EXPECT_EQ(maskSecrets("postgres://app:p@ss/w@db:5432/x"), "postgres://app:***@db:5432/x");
    EXPECT_EQ(maskSecrets("redis://:pw@host:6379"), "redis://:***@host:6379");
    EXPECT_EQ(maskSecrets("amqp://u:0b@c@h/"), "amqp://u:***@h/");
    EXPECT_EQ(maskSecrets("https://oapi.dingtalk.com/robot/send?access_token=ab12&x=1"),
              "https://oapi.dingtalk.com/robot/send?access_token=***&x=1");
    EXPECT_EQ(maskSecrets("https://open.feishu.cn/open-apis/bot/v2/hook/1234-abcd"),
              "https://open.feishu.cn/open-apis/bot/v2/hook/***");
}

TEST(SecretMasking, HidesHeadersTokensAndKeys) {
    EXPECT_EQ(maskSecrets("Authorization: Bearer abc.def"), "Authorization: Bearer ***");
    EXPECT_EQ(maskSecrets(R"({"authorization":"Basic dXNlcjpwYXNz"})"), R"({"authorization":"Basic ***"})");
    EXPECT_EQ(maskSecrets("Cookie: a=b; c=d\nnext"), "Cookie: ***\nnext");
    EXPECT_EQ(maskSecrets("key AKIAIOSFODNN7EXAMPLE used"), "key *** used");
    EXPECT_EQ(maskSecrets("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln from"), "got *** from");
}

TEST(SecretMasking, HidesPrivateKeysWholeAndCut) {
    std::string key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nDEF=\n-----END RSA PRIVATE KEY-----";
    EXPECT_EQ(maskSecrets("a\n" + key + "\nb"), "a\n-----BEGIN RSA PRIVATE KEY----- ***\nb");
    EXPECT_EQ(maskSecrets(key.substr(0, 45)), "-----BEGIN RSA PRIVATE KEY----- ***");
    EXPECT_EQ(maskSecrets(key.substr(33) + "\nb"), "***\nb");
}

TEST(SecretMasking, LeavesOrdinaryTextAlone) {
    for (const auto* text :
         {"secret \"db-creds\" not found", "basic authentication failed; bearer authentication",
          "http://10.0.0.1:8080/path?email=x@y", "secretName: my-tls max_tokens=4096 tokenExpirationSeconds: 3600",
          "image registry.example.com/a@sha256:0123456789abcdef", "Back-off restarting failed container", "",
          "key: value"})
        EXPECT_EQ(maskSecrets(text), text);
}

std::string secretOf(Random& random, std::size_t length) {
    static constexpr std::string_view kAlphabet =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_-.!$%";
    std::string secret;
    while (secret.size() < length) secret += kAlphabet[random.next() % kAlphabet.size()];
    return secret;
}

std::string pick(Random& random, const std::vector<std::string>& choices) {
    return choices[random.next() % choices.size()];
}

/// A secret in one of the many ways it gets into a log, with noise around it.
std::string leakyLine(Random& random, const std::string& secret) {
    auto key = pick(random, {"password", "DB_PASSWORD", "client_secret", "api-key", "apiKey", "AUTH_TOKEN", "passwd",
                             "aws_secret_access_key", "spring.datasource.password", "privateKey"});
    auto noise = pick(random, {"", "ERROR ", "2026-11-23T10:00:00Z level=info ", "连接失败 ", "{\"a\":1} ", "\t"});
    auto tail = pick(random, {"", " done", "\nnext line", " user=app", "; exit"});
    auto line = pick(random, {key + "=" + secret, key + ": " + secret, key + "='" + secret + "'",
                              "\"" + key + "\": \"" + secret + "\"", "{\\\"" + key + "\\\":\\\"" + secret + "\\\"}",
                              "--" + std::string("password ") + secret, "Authorization: Bearer " + secret,
                              "mysql://root:x" + secret + "@db/prod", key + " => " + secret, key + ":=" + secret});
    return noise + line + tail;
}

TEST(SecretMasking, NeverLetsASecretThroughAndIsStable) {
    SeededRandom random(42);
    for (int round = 0; round < 4000; ++round) {
        auto secret = secretOf(random, 8 + random.next() % 32);
        auto line = leakyLine(random, secret);
        auto masked = maskSecrets(line);
        ASSERT_THAT(masked, Not(HasSubstr(secret))) << line;
        ASSERT_THAT(masked, Not(HasSubstr(secret.substr(0, 6)))) << line;
        ASSERT_THAT(masked, Not(HasSubstr(secret.substr(secret.size() - 6)))) << line;
        ASSERT_EQ(maskSecrets(masked), masked) << line;
    }
}

TEST(SecretMasking, TakesAnyBytes) {
    SeededRandom random(3);
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (auto length = random.next() % 200; length > 0; --length) bytes += static_cast<char>(random.next());
        maskSecrets("password=" + bytes + "\"'\\");
    }
}

}  // namespace
}  // namespace klaw
