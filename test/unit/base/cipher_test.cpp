#include "base/cipher.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"

namespace klaw {
namespace {

// openssl enc -aes-256-cbc -K 00…1f -iv 00…0f of "twelve bytes"
const std::string iv("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16);

TEST(Cipher, OpensWhatAnotherProgramSealedWithTheSameKeyOnly) {
    std::string key;
    for (char c = 0; c < 32; ++c) key += c;
    auto sealed = *base64Decode("jdqoWP2XHKJVkDFgQU7nfQ==");
    EXPECT_EQ(aes256CbcDecrypt(key, iv, sealed), "twelve bytes");
    key[0] = 7;
    EXPECT_NE(aes256CbcDecrypt(key, iv, sealed), "twelve bytes");
    sealed.back() ^= 1;
    EXPECT_FALSE(aes256CbcDecrypt(key, iv, sealed));
}

TEST(Cipher, OpensNothingOfTheWrongLength) {
    auto key = sha256("key");
    EXPECT_FALSE(aes256CbcDecrypt("short", iv, std::string(16, 'x')));
    EXPECT_FALSE(aes256CbcDecrypt(key, "short", std::string(16, 'x')));
    EXPECT_FALSE(aes256CbcDecrypt(key, iv, std::string(15, 'x')));
    EXPECT_FALSE(aes256CbcDecrypt(key, iv, ""));
}

}  // namespace
}  // namespace klaw
