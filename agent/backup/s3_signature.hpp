#pragma once

#include <string>
#include <string_view>

#include "base/net/http_message.hpp"
#include "base/time.hpp"

namespace klaw::backup {

struct S3Credentials {
    std::string accessKey, secretKey;
    std::string sessionToken;  ///< of temporary ones; may be empty
    std::string region = "us-east-1";
};

/// Signs a request by AWS Signature Version 4, all of its header fields and the hash of its body
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). `bodyHash`: SHA-256 of the body,
/// hexadecimal.
void signRequest(net::HttpRequest& request, const S3Credentials& credentials, const std::string& bodyHash,
                 TimePoint now);

}  // namespace klaw::backup
