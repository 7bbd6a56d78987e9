#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/net/http_client.hpp"
#include "base/result.hpp"

namespace klaw::net {

/// Keys, trust and settings shared by many connections.
using TlsContext = std::shared_ptr<SSL_CTX>;

Result<TlsContext> makeClientTlsContext(const TlsOptions& options);
/// With `clientCaPem`, clients must show a certificate signed by it.
Result<TlsContext> makeServerTlsContext(const std::string& certificatePem, const std::string& keyPem,
                                        const std::string& clientCaPem);

/// Takes the oldest message off OpenSSL's queue of this thread, clears the rest.
std::string takeOpensslError();

}  // namespace klaw::net
