#pragma once

#include <openssl/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::net {

struct Certificate {
    std::string subject;  ///< "CN = shop.example, O = Shop"
    TimePoint notAfter;
};

/// The certificates of a PEM text in their order; what is between them is passed over. DataLoss where there is none, or
/// where one cannot be read.
Result<std::vector<Certificate>> readCertificates(std::string_view pem);

std::string nameText(const X509_NAME* name);
/// Nothing for what is no date.
std::optional<TimePoint> timeOf(const ASN1_TIME* time);

}  // namespace klaw::net
