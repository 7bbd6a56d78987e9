#include "base/net/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace klaw::net {
namespace {

using BioPointer = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
using CertificatePointer = std::unique_ptr<X509, decltype([](X509* certificate) { X509_free(certificate); })>;

}  // namespace

std::string nameText(const X509_NAME* name) {
    BioPointer bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::optional<TimePoint> timeOf(const ASN1_TIME* time) {
    tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

Result<std::vector<Certificate>> readCertificates(std::string_view pem) {
    std::vector<Certificate> certificates;
    BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    while (CertificatePointer read{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        auto end = timeOf(X509_get0_notAfter(read.get()));
        if (!end) return fail(ErrorCode::DataLoss, "a certificate says no date on which it ends");
        certificates.push_back({nameText(X509_get_subject_name(read.get())), *end});
    }
    bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!atEnd || certificates.empty()) return fail(ErrorCode::DataLoss, "not a certificate in the PEM format");
    return certificates;
}

}  // namespace klaw::net
