#pragma once

#include <openssl/types.h>

#include <string>

#include "base/error.hpp"

namespace klaw::net {

/// Why a certificate was refused, in words that help: its names, its dates, its issuer, and what to do.
/// `certificate` is the one at fault, never null; `expectedName` is what it should have named.
Error explainCertificate(int verifyError, X509* certificate, const std::string& expectedName);

/// Why the peer or OpenSSL ended a connection, from an OpenSSL error code (ERR_peek_error).
Error explainTlsFailure(unsigned long opensslError);

}  // namespace klaw::net
