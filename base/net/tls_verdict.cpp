#include "base/net/tls_verdict.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <memory>

#include "base/net/certificate.hpp"

namespace klaw::net {

namespace {

std::string timeText(const ASN1_TIME* time) {
    auto read = timeOf(time);
    return read ? formatRfc3339(*read) : "an unreadable date";
}

std::string addressText(const ASN1_OCTET_STRING* address) {
    const auto* bytes = ASN1_STRING_get0_data(address);
    if (ASN1_STRING_length(address) == 4) {
        boost::asio::ip::address_v4::bytes_type v4;
        std::copy_n(bytes, v4.size(), v4.begin());
        return boost::asio::ip::make_address_v4(v4).to_string();
    }
    if (ASN1_STRING_length(address) != 16) return "?";
    boost::asio::ip::address_v6::bytes_type v6;
    std::copy_n(bytes, v6.size(), v6.begin());
    return boost::asio::ip::make_address_v6(v6).to_string();
}

/// "a.example, 10.0.0.1", or "no name at all".
std::string namesOf(X509* certificate) {
    auto* raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr);
    std::unique_ptr<GENERAL_NAMES, decltype([](GENERAL_NAMES* list) { GENERAL_NAMES_free(list); })> list(
        static_cast<GENERAL_NAMES*>(raw));
    std::string text;
    for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(list.get(), i);
        std::string one;
        if (name->type == GEN_DNS) {
            const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
            one.assign(data, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            one = addressText(name->d.iPAddress);
        }
        if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
    }
    return text.empty() ? "no name at all" : text;
}

std::string reasonText(unsigned long opensslError) {
    const char* text = ERR_reason_error_string(opensslError);
    return text != nullptr ? text : "unknown reason";
}

Error explainReason(unsigned long opensslError) {
    switch (ERR_GET_REASON(opensslError)) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return Error(ErrorCode::Unauthenticated, "the server wants a client certificate", {},
                         "Configure a client certificate and its key");
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return Error(ErrorCode::Unauthenticated, "our certificate was refused: " + reasonText(opensslError), {},
                         "Use a client certificate that is valid and signed by the authority the server trusts");
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return Error(ErrorCode::Unavailable, "the other side does not speak TLS on this port", {},
                         "Use http:// or the port of the TLS service");
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_UNSUPPORTED_PROTOCOL:
            return Error(ErrorCode::Unavailable, "the two sides have no TLS version in common", {},
                         "Let the server offer TLS 1.2 or newer");
        default:
            return Error(ErrorCode::Unavailable, "TLS failed: " + reasonText(opensslError));
    }
}

}  // namespace

Error explainCertificate(int verifyError, X509* certificate, const std::string& expectedName) {
    auto make = [](std::string message, std::string remedy) {
        return Error(ErrorCode::Unavailable, std::move(message), {}, std::move(remedy)).withRetry(Retry::later());
    };
    switch (verifyError) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return make("the certificate expired on " + timeText(X509_get0_notAfter(certificate)),
                        "Renew the certificate, or correct the clock of this machine");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return make("the certificate is only valid from " + timeText(X509_get0_notBefore(certificate)),
                        "Correct the clock of this machine or of the one that issued the certificate");
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return make("the certificate does not name " + expectedName + "; it names " + namesOf(certificate),
                        "Use a name of the certificate in the URL or as TLS server name, or issue one with this name");
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_CERT_UNTRUSTED:
            return make("the certificate is signed by an unknown authority (issuer: " +
                            nameText(X509_get_issuer_name(certificate)) + ")",
                        "Configure the certificate of that authority as CA");
        default:
            return make(std::string("the certificate is not accepted: ") + X509_verify_cert_error_string(verifyError),
                        "Issue a certificate that is valid for a TLS server");
    }
}

Error explainTlsFailure(unsigned long opensslError) {
    auto error = ERR_GET_LIB(opensslError) == ERR_LIB_SSL
                     ? explainReason(opensslError)
                     : Error(ErrorCode::Unavailable, "TLS failed: " + reasonText(opensslError));
    auto retry = error.code == ErrorCode::Unauthenticated ? Retry::never() : Retry::later();
    return std::move(error).withRetry(retry);
}

}  // namespace klaw::net
