#include "base/digest.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace klaw {
namespace {

TEST(Digest, AgreesWithThePublishedVectors) {
    EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hexEncode(hmacSha256("Jefe", "what do ya want for nothing?")),  // RFC 4231, case 2
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, SignsAsTheChatPlatformsExpect) {
    EXPECT_EQ(base64Encode(hmacSha256("SECtest", "1700000000000\nSECtest")),
              "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=");
    EXPECT_EQ(base64Encode(hmacSha256("1700000000\nSECabc123", "")), "UqhI0v4zAkSwI4hNYBuHQvnrAqshA0UaeBGHCUMPX70=");
}

TEST(Base64, ReadsBackWhatItWrote) {
    for (std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
        EXPECT_EQ(base64Decode(base64Encode(text)), text);
    EXPECT_EQ(base64Decode("Zm9v\nYmFy\n"), "foobar");
}

TEST(Base64, RefusesWhatIsMalformed) {
    for (auto text : {"Zg", "Zg=", "Zg===", "Z=g=", "Zm9v!", "=AAA"})
        EXPECT_EQ(base64Decode(text), std::nullopt) << text;
}

TEST(ConstantTimeComparison, IsTrueForEqualTextsOnly) {
    EXPECT_TRUE(equalInConstantTime("secret", "secret"));
    EXPECT_FALSE(equalInConstantTime("secret", "secreT"));
    EXPECT_FALSE(equalInConstantTime("secret", "secrets"));
}

TEST(Random, TokensHaveTheAskedEntropyAndAreSafeInUrls) {
    SeededRandom random(1);
    auto token = random.token(16);
    EXPECT_EQ(token.size(), 22u);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_NE(token, random.token(16));
}

TEST(Random, FractionsStayBelowOne) {
    SeededRandom random(7);
    for (int i = 0; i < 1000; ++i) {
        auto fraction = random.fraction();
        EXPECT_GE(fraction, 0.0);
        EXPECT_LT(fraction, 1.0);
    }
}

}  // namespace
}  // namespace klaw
