#include "agent/backup/digester.hpp"

#include <openssl/evp.h>

#include <new>

#include "base/digest.hpp"

namespace klaw::backup {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

Context newContext() {
    Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!context) throw std::bad_alloc();
    return context;
}

}  // namespace

struct Digester::Impl {
    Context context = newContext();
};

Digester::Digester() : impl_(new Impl()) {
    EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr);
}

Digester::~Digester() = default;
Digester::Digester(Digester&&) noexcept = default;
Digester& Digester::operator=(Digester&&) noexcept = default;

void Digester::add(std::string_view bytes) {
    EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size());
}

std::string Digester::hex() const {
    auto copy = newContext();
    EVP_MD_CTX_copy_ex(copy.get(), impl_->context.get());
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return hexEncode(digest);
}

}  // namespace klaw::backup
