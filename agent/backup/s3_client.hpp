#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "agent/backup/s3_signature.hpp"
#include "agent/backup/store.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_client.hpp"

namespace klaw::backup {

/// Where objects are in a store that speaks the protocol of S3. Buckets are addressed in the path.
struct S3Place {
    std::string endpoint;  ///< "https://s3.eu-central-1.amazonaws.com"
    std::string bucket;
    std::string prefix;  ///< before each name, "klaw/"; may be empty
    friend bool operator==(const S3Place&, const S3Place&) = default;
};

/// Signed requests to one bucket, tried again where that can help. On the loop thread.
///
/// Errors: NotFound 404, PermissionDenied 403, Unavailable 5xx and where nobody answers; the message has S3's own code.
class S3Client {
public:
    S3Client(Loop& loop, LoopClock& clock, S3Place place, S3Credentials credentials);

    const S3Place& place() const { return place_; }
    /// `key`: with the prefix; `query`: encoded, without "?". `bodyHash`: empty: it is made here.
    Task<Result<net::HttpResponse>> send(std::string method, std::string key, std::string query, std::string body,
                                         std::string bodyHash = {});
    /// The object as it comes.
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string key);

private:
    net::HttpRequest signedRequest(const std::string& method, const std::string& key, const std::string& query,
                                   const std::string& bodyHash) const;

    LoopClock& clock_;
    net::HttpClient client_;
    S3Place place_;
    S3Credentials credentials_;
};

/// The texts of all elements of that name in a piece of XML, entities resolved; those inside others too.
std::vector<std::string> xmlElements(const std::string& xml, const std::string& name);
/// The first of them; empty where there is none.
std::string xmlElement(const std::string& xml, const std::string& name);

}  // namespace klaw::backup
