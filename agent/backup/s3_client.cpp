#include "agent/backup/s3_client.hpp"

#include <array>

#include "base/digest.hpp"
#include "base/percent.hpp"

namespace klaw::backup {
namespace {

constexpr Duration patience = 60s, firstWait = 500ms;
constexpr int mostTries = 4;

net::HttpClientOptions clientOptions() {
    net::HttpClientOptions options;
    options.maxIdleConnections = 2;
    return options;
}

/// Slashes of a key separate segments of the path.
std::string encodedKey(std::string_view key) {
    std::string path;
    for (std::size_t from = 0; from <= key.size();) {
        auto end = std::min(key.find('/', from), key.size());
        path += (from > 0 ? "/" : "") + percentEncode(key.substr(from, end - from));
        from = end + 1;
    }
    return path;
}

Error errorOf(int status, const std::string& body, const std::string& place) {
    constexpr std::size_t longest = 300;
    auto code = status == 404                    ? ErrorCode::NotFound
                : status == 403 || status == 401 ? ErrorCode::PermissionDenied
                : status == 429                  ? ErrorCode::ResourceExhausted
                : status >= 500                  ? ErrorCode::Unavailable
                                                 : ErrorCode::Internal;
    auto said = xmlElement(body, "Code"), message = xmlElement(body, "Message");
    auto text = std::to_string(status) + (said.empty() ? "" : " " + said) + (message.empty() ? "" : ": " + message);
    return Error(code, "the object store answered " + text.substr(0, longest), place);
}

bool mayHelp(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::OutcomeUnknown ||
           error.code == ErrorCode::DeadlineExceeded || error.code == ErrorCode::ResourceExhausted;
}

}  // namespace

std::vector<std::string> xmlElements(const std::string& xml, const std::string& name) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
    std::vector<std::string> found;
    auto opening = "<" + name + ">", closing = "</" + name + ">";
    for (auto at = xml.find(opening); at != std::string::npos; at = xml.find(opening, at)) {
        at += opening.size();
        auto end = xml.find(closing, at);
        if (end == std::string::npos) break;
        std::string text;
        for (auto rest = std::string_view(xml).substr(at, end - at); !rest.empty();) {
            std::size_t taken = 1;
            char c = rest.front();
            for (const auto& [entity, meant] : entities)
                if (rest.starts_with(entity)) c = meant, taken = entity.size();
            text += c;
            rest.remove_prefix(taken);
        }
        found.push_back(std::move(text));
        at = end;
    }
    return found;
}

std::string xmlElement(const std::string& xml, const std::string& name) {
    auto all = xmlElements(xml, name);
    return all.empty() ? std::string() : all.front();
}

S3Client::S3Client(Loop& loop, LoopClock& clock, S3Place place, S3Credentials credentials)
    : clock_(clock), client_(loop, clientOptions()), place_(std::move(place)), credentials_(std::move(credentials)) {}

net::HttpRequest S3Client::signedRequest(const std::string& method, const std::string& key, const std::string& query,
                                         const std::string& bodyHash) const {
    auto url = place_.endpoint + "/" + percentEncode(place_.bucket) + (key.empty() ? "" : "/" + encodedKey(key));
    net::HttpRequest request(method, query.empty() ? url : url + "?" + query);
    signRequest(request, credentials_, bodyHash, clock_.now());
    return request;
}

Task<Result<net::HttpResponse>> S3Client::send(std::string method, std::string key, std::string query, std::string body,
                                               std::string bodyHash) {
    if (bodyHash.empty()) bodyHash = sha256Hex(body);
    auto wait = firstWait;
    for (int attempt = 1;; ++attempt) {
        auto request = signedRequest(method, key, query, bodyHash);
        request.body = body;
        auto response = co_await client_.send(std::move(request), patience);
        bool good = response && response->status < 300;
        if (good) co_return response;
        auto error = response ? errorOf(response->status, response->body, place_.endpoint) : response.error();
        bool again = mayHelp(error) && attempt < mostTries;
        if (!again) co_return fail(std::move(error));
        co_await clock_.sleepFor(wait);
        wait *= 2;
    }
}

Task<Result<std::unique_ptr<net::HttpBodyStream>>> S3Client::open(std::string key) {
    auto request = signedRequest("GET", key, {}, sha256Hex({}));
    auto stream = co_await client_.open(std::move(request), patience);
    bool good = stream && (*stream)->head().status < 300;
    if (!stream || good) co_return stream;
    std::string body(4096, '\0');
    auto count = co_await (*stream)->readSome(body);
    body.resize(count.value_or(0));
    co_return fail(errorOf((*stream)->head().status, body, place_.endpoint));
}

}  // namespace klaw::backup
