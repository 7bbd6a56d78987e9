#include "test/unit/support/test_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace klaw::net::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* certificate) { X509_free(certificate); })>;
using Bio = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;

std::string textOf(const Bio& bio) {
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string pemOf(X509* certificate) {
    Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return textOf(bio);
}

std::string pemOf(EVP_PKEY* key) {
    Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return textOf(bio);
}

void setName(X509_NAME* name, const std::string& commonName) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(commonName.c_str());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
}

void addExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate newCertificate(const CertificateRequest& request, EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    long serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 4);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), request.validFrom.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), request.validUntil.count());
    setName(X509_get_subject_name(certificate.get()), request.commonName);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

}  // namespace

struct TestAuthority::Identity {
    Key key;
    Certificate certificate;
};

TestAuthority::TestAuthority(const std::string& name) : identity_(std::make_unique<Identity>()) {
    identity_->key = Key(EVP_EC_gen("P-256"));
    CertificateRequest request;
    request.commonName = name;
    identity_->certificate = newCertificate(request, identity_->key.get());
    auto* own = identity_->certificate.get();
    X509_set_issuer_name(own, X509_get_subject_name(own));
    addExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    addExtension(own, own, NID_subject_key_identifier, "hash");
    X509_sign(own, identity_->key.get(), EVP_sha256());
    certificatePem_ = pemOf(own);
}

TestAuthority::~TestAuthority() = default;

Credentials TestAuthority::issue(const CertificateRequest& request) const {
    Key key(EVP_EC_gen("P-256"));
    auto certificate = newCertificate(request, key.get());
    auto* issuer = identity_->certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
    if (!request.names.empty()) addExtension(certificate.get(), issuer, NID_subject_alt_name, joined(request.names));
    X509_sign(certificate.get(), identity_->key.get(), EVP_sha256());
    return Credentials{pemOf(certificate.get()), pemOf(key.get())};
}

}  // namespace klaw::net::test
