#include "base/random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace klaw {

std::uint64_t SystemRandom::next() {
    std::uint64_t value = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1)
        throw std::runtime_error("the operating system gives no random bytes");
    return value;
}

std::string Random::token(std::size_t bytes) {
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    std::size_t characters = (bytes * 8 + 5) / 6;
    for (std::uint64_t pool = 0, left = 0; text.size() < characters; pool >>= 6, --left) {
        if (left == 0) {
            pool = next();
            left = 10;
        }
        text += alphabet[pool & 63];
    }
    return text;
}

}  // namespace klaw
