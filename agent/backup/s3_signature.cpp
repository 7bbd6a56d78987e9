#include "agent/backup/s3_signature.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "base/digest.hpp"
#include "base/net/url.hpp"

namespace klaw::backup {
namespace {

/// "20130524T000000Z"
std::string stampOf(TimePoint now) {
    auto text = formatRfc3339(std::chrono::floor<std::chrono::seconds>(now));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
}

/// In the order of their names, each with a value: "acl=".
std::string canonicalQuery(std::string_view query) {
    std::vector<std::string> parts;
    while (!query.empty()) {
        auto end = std::min(query.find('&'), query.size());
        std::string part(query.substr(0, end));
        if (part.find('=') == std::string::npos) part += '=';
        parts.push_back(std::move(part));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::ranges::sort(parts);
    std::string joined;
    for (const auto& part : parts) joined += (joined.empty() ? "" : "&") + part;
    return joined;
}

}  // namespace

void signRequest(net::HttpRequest& request, const S3Credentials& credentials, const std::string& bodyHash,
                 TimePoint now) {
    auto url = net::parseUrl(request.url).value_or(net::Url());
    auto stamp = stampOf(now), day = stamp.substr(0, 8);
    request.headers.set("x-amz-content-sha256", bodyHash);
    request.headers.set("x-amz-date", stamp);
    if (!credentials.sessionToken.empty()) request.headers.set("x-amz-security-token", credentials.sessionToken);
    std::map<std::string, std::string> fields{{"host", url.hostField()}};
    for (const auto& [name, value] : request.headers.all()) fields[lower(name)] = value;
    std::string canonical, names;
    for (const auto& [name, value] : fields) {
        canonical += name + ":" + value + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    auto question = std::min(url.target.find('?'), url.target.size());
    auto query = std::string_view(url.target).substr(std::min(question + 1, url.target.size()));
    auto whole = request.method + "\n" + url.target.substr(0, question) + "\n" + canonicalQuery(query) + "\n" +
                 canonical + "\n" + names + "\n" + bodyHash;
    auto scope = day + "/" + credentials.region + "/s3/aws4_request";
    auto toSign = "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + sha256Hex(whole);
    auto key = hmacSha256("AWS4" + credentials.secretKey, day);
    key = hmacSha256(hmacSha256(hmacSha256(key, credentials.region), "s3"), "aws4_request");
    request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.accessKey + "/" + scope +
                                             ",SignedHeaders=" + names +
                                             ",Signature=" + hexEncode(hmacSha256(key, toSign)));
}

}  // namespace klaw::backup
