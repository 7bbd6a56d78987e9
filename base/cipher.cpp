#include "base/cipher.hpp"

#include <openssl/evp.h>

#include <limits>
#include <memory>

namespace klaw {
namespace {

constexpr std::size_t kKeyBytes = 32, kBlockBytes = 16;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> aes256CbcDecrypt(std::string_view key, std::string_view iv, std::string_view bytes) {
    bool whole = !bytes.empty() && bytes.size() % kBlockBytes == 0 &&
                 bytes.size() < static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (key.size() != kKeyBytes || iv.size() != kBlockBytes || !whole) return std::nullopt;
    std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    std::string text(bytes.size() + kBlockBytes, '\0');
    auto* out = reinterpret_cast<unsigned char*>(text.data());
    int written = 0, last = 0;
    bool done = context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, raw(key), raw(iv)) == 1 &&
                EVP_DecryptUpdate(context.get(), out, &written, raw(bytes), static_cast<int>(bytes.size())) == 1 &&
                EVP_DecryptFinal_ex(context.get(), out + written, &last) == 1;
    if (!done) return std::nullopt;
    text.resize(static_cast<std::size_t>(written + last));
    return text;
}

}  // namespace klaw
