#include "base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace klaw {
namespace {

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string sha256(std::string_view data) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(raw(data), data.size(), reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

std::string sha256Hex(std::string_view data) {
    return hexEncode(sha256(data));
}

std::string hmacSha256(std::string_view key, std::string_view message) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(message), message.size(),
         reinterpret_cast<unsigned char*>(digest.data()), &size);
    return digest;
}

std::string base64Encode(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3), '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), raw(bytes), static_cast<int>(bytes.size()));
    return text;
}

std::optional<std::string> base64Decode(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t quantum = 0;
    int filled = 0, padding = 0;
    for (char c : text) {
        if (c == '\n' || c == '\r') continue;
        std::uint32_t value = 0;
        if (c >= 'A' && c <= 'Z')
            value = c - 'A';
        else if (c >= 'a' && c <= 'z')
            value = c - 'a' + 26;
        else if (c >= '0' && c <= '9')
            value = c - '0' + 52;
        else if (c == '+')
            value = 62;
        else if (c == '/')
            value = 63;
        else if (c == '=' && ++padding <= 2)
            value = 0;
        else
            return std::nullopt;
        if (padding > 0 && c != '=') return std::nullopt;
        quantum = quantum << 6 | value;
        if (++filled < 4) continue;
        for (int byte = 0; byte < 3 - padding; ++byte) bytes += static_cast<char>(quantum >> (16 - 8 * byte));
        quantum = 0;
        filled = 0;
    }
    if (filled != 0) return std::nullopt;
    return bytes;
}

std::string hexEncode(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

bool equalInConstantTime(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace klaw
