#include "base/net/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <mutex>
#include <optional>
#include <vector>

namespace klaw::net {

namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* certificate) { X509_free(certificate); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })>;
using Store = std::shared_ptr<X509_STORE>;

auto bad(std::string message, std::string remedy) {
    return fail(ErrorCode::InvalidArgument, std::move(message), {}, std::move(remedy));
}

/// Without it OpenSSL would ask for the pass phrase on the terminal.
int noPassPhrase(char*, int, int, void*) {
    return -1;
}

Bio memoryBio(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Certificate> readCertificates(const std::string& pem) {
    std::vector<Certificate> certificates;
    auto bio = memoryBio(pem);
    while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, noPassPhrase, nullptr)) certificates.emplace_back(next);
    ERR_clear_error();
    return certificates;
}

Result<Store> makeStore(const std::string& caPem) {
    auto certificates = readCertificates(caPem);
    if (certificates.empty())
        return bad("the CA contains no certificate in PEM form",
                   "Give a text that begins with -----BEGIN CERTIFICATE-----");
    Store store(X509_STORE_new(), X509_STORE_free);
    for (auto& certificate : certificates) X509_STORE_add_cert(store.get(), certificate.get());
    // A configured intermediate is trusted by itself, as in Go; clusters hand out such bundles.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    ERR_clear_error();
    return store;
}

/// The system's certificates take about a megabyte, so all contexts share one copy while any lives.
Store systemStore() {
    static std::mutex mutex;
    static std::weak_ptr<X509_STORE> shared;
    std::lock_guard lock(mutex);
    auto store = shared.lock();
    if (store) return store;
    store = Store(X509_STORE_new(), X509_STORE_free);
    X509_STORE_set_default_paths(store.get());
    ERR_clear_error();
    shared = store;
    return store;
}

TlsContext newContext(const SSL_METHOD* method, Store store) {
    auto* raw = SSL_CTX_new(method);
    if (raw == nullptr) throw std::bad_alloc();
    TlsContext context(raw, [store](SSL_CTX* old) { SSL_CTX_free(old); });
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_mode(raw,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_read_ahead(raw, 1);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw, 0);
    if (store) SSL_CTX_set1_cert_store(raw, store.get());
    return context;
}

Result<void> useCertificate(SSL_CTX* context, const std::string& certificatePem, const std::string& keyPem) {
    auto chain = readCertificates(certificatePem);
    if (chain.empty())
        return bad("the certificate is not in PEM form", "Give a text that begins with -----BEGIN CERTIFICATE-----");
    auto bio = memoryBio(keyPem);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassPhrase, nullptr));
    if (!key)
        return bad("the private key cannot be read: " + takeOpensslError(),
                   "Give an unencrypted private key in PEM form");
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
        return bad("the certificate cannot be used: " + takeOpensslError(),
                   "Issue a certificate with a current key type");
    for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return bad("the private key does not belong to the certificate: " + takeOpensslError(),
                   "Give the key with which the certificate was requested");
    return {};
}

}  // namespace

std::string takeOpensslError() {
    auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown reason";
}

Result<TlsContext> makeClientTlsContext(const TlsOptions& options) {
    Store store;
    if (!options.insecureSkipVerify) {
        auto trusted = options.caPem.empty() ? Result<Store>(systemStore()) : makeStore(options.caPem);
        if (!trusted) return fail(trusted.error());
        store = std::move(*trusted);
    }
    auto context = newContext(TLS_client_method(), store);
    SSL_CTX_set_verify(context.get(), options.insecureSkipVerify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    static constexpr unsigned char http11[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context.get(), http11, sizeof http11 - 1);
    if (options.clientCertPem.empty() != options.clientKeyPem.empty())
        return bad("a client certificate needs its key and the key its certificate", "Give both or none");
    if (options.clientCertPem.empty()) return context;
    auto used = useCertificate(context.get(), options.clientCertPem, options.clientKeyPem);
    if (!used) return fail(std::move(used.error()).within("client certificate"));
    return context;
}

Result<TlsContext> makeServerTlsContext(const std::string& certificatePem, const std::string& keyPem,
                                        const std::string& clientCaPem) {
    Store store;
    if (!clientCaPem.empty()) {
        auto trusted = makeStore(clientCaPem);
        if (!trusted) return fail(std::move(trusted.error()).within("client CA"));
        store = std::move(*trusted);
    }
    auto context = newContext(TLS_server_method(), store);
    if (store) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    auto used = useCertificate(context.get(), certificatePem, keyPem);
    if (!used) return fail(std::move(used.error()).within("server certificate"));
    return context;
}

}  // namespace klaw::net
