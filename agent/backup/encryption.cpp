#include "agent/backup/encryption.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

namespace klaw::backup {
namespace {

constexpr std::size_t keyBytes = 32, saltBytes = 16, nonceBytes = 12;
constexpr int blockSize = 8, parallel = 1, dearest = 17;
constexpr std::uint64_t mostMemory = 2ull << 30;

using Context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Result<FileKey> derived(std::string header, const std::string& passphrase) {
    auto salt = std::string_view(header).substr(header.size() - saltBytes);
    FileKey made{header, std::string(keyBytes, '\0')};
    auto cost = std::uint64_t(1) << static_cast<unsigned char>(header[8]);
    if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), raw(salt), salt.size(), cost, blockSize, parallel,
                       mostMemory, raw(made.key), made.key.size()) != 1)
        return fail(ErrorCode::Internal, "no key could be made of the passphrase");
    return made;
}

/// Eleven bytes of the number, big-endian, and whether it is the last.
std::array<unsigned char, nonceBytes> nonceOf(std::uint64_t number, bool last) {
    std::array<unsigned char, nonceBytes> nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<unsigned char>(number >> (8 * i));
    nonce[nonceBytes - 1] = last ? 1 : 0;
    return nonce;
}

}  // namespace

Result<FileKey> newFileKey(const std::string& passphrase, int costLog2) {
    std::string header(encryptedMagic);
    header += {static_cast<char>(costLog2), static_cast<char>(blockSize), static_cast<char>(parallel), '\0'};
    std::string salt(saltBytes, '\0');
    if (RAND_bytes(raw(salt), static_cast<int>(salt.size())) != 1)
        return fail(ErrorCode::Internal, "the system gives no random bytes");
    return derived(header + salt, passphrase);
}

Result<FileKey> fileKeyOf(const std::string& header, const std::string& passphrase) {
    bool known = header.size() == encryptionHeaderBytes && header.starts_with(encryptedMagic) && header[8] >= 1 &&
                 header[8] <= dearest && header[9] == blockSize && header[10] == parallel && header[11] == 0;
    if (!known) return fail(ErrorCode::DataLoss, "this is no encrypted archive of Klaw");
    return derived(header, passphrase);
}

struct Encryptor::Impl {
    FileKey key;
    Context context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    std::uint64_t number = 0;
    bool begun = false;
    std::string waiting;

    void seal(std::string_view plain, bool last, std::string& out) {
        auto nonce = nonceOf(number++, last);
        auto from = out.size();
        out.resize(from + plain.size() + tagBytes);
        int written = 0, rest = 0;
        auto* to = raw(out) + from;
        bool sealed =
            context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw(key.key), nonce.data()) == 1 &&
            EVP_EncryptUpdate(context.get(), nullptr, &rest, raw(key.header), static_cast<int>(key.header.size())) ==
                1 &&
            EVP_EncryptUpdate(context.get(), to, &written, raw(plain), static_cast<int>(plain.size())) == 1 &&
            EVP_EncryptFinal_ex(context.get(), to + written, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tagBytes, to + plain.size()) == 1;
        if (!sealed) throw std::bad_alloc();
    }
};

Encryptor::Encryptor(FileKey key) : impl_(new Impl{std::move(key)}) {}
Encryptor::~Encryptor() = default;

void Encryptor::write(std::string_view bytes, std::string& out) {
    if (!std::exchange(impl_->begun, true)) out += impl_->key.header;
    impl_->waiting += bytes;
    std::size_t from = 0;
    // A full chunk may be the last one, which only finish() knows.
    for (; impl_->waiting.size() - from > chunkBytes; from += chunkBytes)
        impl_->seal(std::string_view(impl_->waiting).substr(from, chunkBytes), false, out);
    impl_->waiting.erase(0, from);
}

void Encryptor::finish(std::string& out) {
    write({}, out);
    impl_->seal(impl_->waiting, true, out);
    impl_->waiting.clear();
}

struct Decryptor::Impl {
    FileKey key;
    Context context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    std::uint64_t number = 0;
};

Decryptor::Decryptor(FileKey key) : impl_(new Impl{std::move(key)}) {}
Decryptor::~Decryptor() = default;

Result<std::string> Decryptor::chunk(std::string_view sealed, bool last) {
    Error damaged(ErrorCode::DataLoss,
                  "the archive was changed, is not whole, or was encrypted with another passphrase");
    if (sealed.size() < tagBytes || sealed.size() > chunkBytes + tagBytes) return fail(std::move(damaged));
    auto nonce = nonceOf(impl_->number++, last);
    std::string tag(sealed.substr(sealed.size() - tagBytes)), plain(sealed.size() - tagBytes, '\0');
    auto* context = impl_->context.get();
    const auto& key = impl_->key;
    int written = 0, rest = 0;
    bool opened =
        context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, raw(key.key), nonce.data()) == 1 &&
        EVP_DecryptUpdate(context, nullptr, &rest, raw(key.header), static_cast<int>(key.header.size())) == 1 &&
        EVP_DecryptUpdate(context, raw(plain), &written, raw(sealed), static_cast<int>(plain.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, tagBytes, raw(tag)) == 1 &&
        EVP_DecryptFinal_ex(context, raw(plain) + written, &rest) == 1;
    if (!opened) return fail(std::move(damaged));
    return plain;
}

}  // namespace klaw::backup
