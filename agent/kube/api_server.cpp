#include "agent/kube/api_server.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace klaw::kube {
namespace {

constexpr std::size_t maxErrorBody = 64u << 10;

net::HttpClientOptions optionsFor(const ClusterAccess& access) {
    net::HttpClientOptions options;
    options.proxyUrl = access.proxyUrl;
    options.userAgent = "klaw";
    options.maxIdleConnections = 4;
    options.acceptGzip = false;  // on the machine's own network decompression costs more than it saves
    options.tls.caPem = access.caPem;
    options.tls.clientCertPem = access.clientCertPem;
    options.tls.clientKeyPem = access.clientKeyPem;
    options.tls.serverName = access.tlsServerName;
    options.tls.insecureSkipVerify = access.insecureSkipVerify;
    return options;
}

ErrorCode codeOf(int status) {
    switch (status) {
        case 400:
        case 422:
            return ErrorCode::InvalidArgument;
        case 401:
            return ErrorCode::Unauthenticated;
        case 403:
            return ErrorCode::PermissionDenied;
        case 404:
            return ErrorCode::NotFound;
        case 409:
            return ErrorCode::Conflict;
        case 410:
            return ErrorCode::Expired;
        case 429:
            return ErrorCode::ResourceExhausted;
        case 504:
            return ErrorCode::DeadlineExceeded;
        default:
            return status >= 500 ? ErrorCode::Unavailable : ErrorCode::Internal;
    }
}

std::string remedyOf(int status) {
    if (status == 401) return "renew the credentials of the kubeconfig";
    if (status == 403) return "grant list and watch on it, see the chart's ClusterRole";
    return {};
}

std::optional<Duration> retryAfter(const net::HttpHead& head) {
    auto value = head.headers.get("Retry-After");
    int seconds = 0;
    if (!value || std::from_chars(value->data(), value->data() + value->size(), seconds).ec != std::errc() ||
        seconds < 0)
        return std::nullopt;
    return std::chrono::seconds(seconds);
}

struct GroupVersion {
    std::string_view group, version;
};
constexpr std::array<GroupVersion, 18> builtIn{{{"apps", "v1"},
                                                {"batch", "v1"},
                                                {"autoscaling", "v2"},
                                                {"policy", "v1"},
                                                {"networking.k8s.io", "v1"},
                                                {"storage.k8s.io", "v1"},
                                                {"rbac.authorization.k8s.io", "v1"},
                                                {"coordination.k8s.io", "v1"},
                                                {"discovery.k8s.io", "v1"},
                                                {"scheduling.k8s.io", "v1"},
                                                {"node.k8s.io", "v1"},
                                                {"events.k8s.io", "v1"},
                                                {"certificates.k8s.io", "v1"},
                                                {"admissionregistration.k8s.io", "v1"},
                                                {"apiextensions.k8s.io", "v1"},
                                                {"apiregistration.k8s.io", "v1"},
                                                {"flowcontrol.apiserver.k8s.io", "v1"},
                                                {"metrics.k8s.io", "v1beta1"}}};

/// The API server reads the options of a deletion from its body where there is one, and then ignores those of the
/// query.
std::string dryRunBody(const ChangeRequest& change) {
    if (change.method != "DELETE" || change.body.empty()) return change.body;
    auto options = nlohmann::json::parse(change.body, nullptr, false);
    options["dryRun"] = {"All"};
    return options.dump();
}

}  // namespace

std::string ChangeRequest::ns() const {
    constexpr std::string_view segment = "/namespaces/";
    auto whole = std::string_view(path).substr(0, path.find('?'));
    auto at = whole.find(segment);
    if (at == whole.npos) return {};
    auto name = whole.substr(at + segment.size());
    name = name.substr(0, name.find('/'));
    return net::percentDecode(name).value_or(std::string(name));
}

/// Of a health endpoint that was asked to be verbose: ": failing: etcd, ping".
/// https://kubernetes.io/docs/reference/using-api/health-checks/
std::string failingChecks(std::string_view body) {
    std::string names;
    for (std::size_t from = 0; from < body.size();) {
        auto end = std::min(body.find('\n', from), body.size());
        auto line = body.substr(from, end - from);
        if (line.starts_with("[-]"))
            names += (names.empty() ? ": failing: " : ", ") + std::string(line.substr(3, line.find(' ') - 3));
        from = end + 1;
    }
    return names;
}

Error statusError(const net::HttpHead& head, std::string_view body, const std::string& place) {
    auto status = nlohmann::json::parse(body, nullptr, false);
    std::string message;
    if (status.is_object() && status.contains("message") && status["message"].is_string())
        message = status["message"].get<std::string>();
    if (message.empty())
        message = "the API server answered " + std::to_string(head.status) + failingChecks(body);
    else
        message = std::to_string(head.status) + " " + message;
    Error error(codeOf(head.status), message.substr(0, 1000), place, remedyOf(head.status));
    if (auto wait = retryAfter(head))
        error.retry = Retry::afterAtLeast(*wait);
    else if (head.status == 429 || head.status >= 500)
        error.retry = Retry::later();
    return error;
}

ApiServer::ApiServer(Loop& loop, LoopClock& clock, ClusterAccess access)
    : loop_(loop), access_(access), credentials_(loop, clock, access), client_(loop, optionsFor(access)) {}

Task<Result<net::HttpRequest>> ApiServer::request(const std::string& path, std::string accept) {
    auto authorization = co_await credentials_.authorization();
    if (!authorization) co_return fail(std::move(authorization).error());
    if (credentials_.tlsVersion() != tlsVersion_) {
        tlsVersion_ = credentials_.tlsVersion();
        client_.setTls(credentials_.tls());
    }
    net::HttpRequest request("GET", access_.server + path);
    request.headers.add("Accept", std::move(accept));
    if (!authorization->empty()) request.headers.add("Authorization", *authorization);
    if (!access_.impersonateUser.empty()) request.headers.add("Impersonate-User", access_.impersonateUser);
    for (const auto& group : access_.impersonateGroups) request.headers.add("Impersonate-Group", group);
    co_return request;
}

bool ApiServer::mayTryAgain(int status) {
    return status == 401 && credentials_.rejected();
}

void ApiServer::impersonate(net::HttpRequest& request, const Person& caller) const {
    if (!access_.impersonateCallers || caller.user.empty()) return;
    request.headers.remove("Impersonate-Group");
    request.headers.set("Impersonate-User", caller.user);
    for (const auto& group : caller.groups) request.headers.add("Impersonate-Group", group);
}

/// With credentials that were asked for anew where the first ones are not taken.
Task<Result<net::HttpResponse>> ApiServer::ask(Question question, Duration timeout) {
    for (bool again : {true, false}) {
        auto prepared = co_await request(question.path, question.accept);
        if (!prepared) co_return fail(std::move(prepared).error());
        prepared->method = question.method;
        prepared->body = question.body;
        if (!question.contentType.empty()) prepared->headers.add("Content-Type", question.contentType);
        impersonate(*prepared, question.caller);
        auto response = co_await client_.send(std::move(*prepared), timeout);
        bool isLost = !response && response.error().code == ErrorCode::OutcomeUnknown;
        if (again && isLost && question.changesNothing) continue;
        if (!response) co_return response;
        if (again && mayTryAgain(response->status)) continue;
        if (response->status >= 300) co_return fail(statusError(*response, response->body, access_.server));
        co_return response;
    }
    co_return fail(ErrorCode::Internal, "no answer");
}

Task<Result<net::HttpResponse>> ApiServer::get(std::string path, Duration timeout, std::string accept, Person caller) {
    Question question;
    question.path = std::move(path);
    question.accept = std::move(accept);
    question.caller = std::move(caller);
    return ask(std::move(question), timeout);
}

Result<void> ApiServer::covered(const access::Permit& permit, const ChangeRequest& change) const {
    if (permit.cluster() != access_.name)
        return fail(ErrorCode::PermissionDenied, "the permit is for the cluster " + permit.cluster(), access_.name);
    if (permit.ns() != change.ns())
        return fail(ErrorCode::PermissionDenied, "the permit is for another namespace", access_.name);
    if (!permit.covers(change.digest()))
        return fail(ErrorCode::PermissionDenied, "the permit is for another request", access_.name);
    return {};
}

Task<Result<net::HttpResponse>> ApiServer::change(access::Permit permit, ChangeRequest change, Duration timeout) {
    if (auto fine = covered(permit, change); !fine) co_return fail(std::move(fine).error());
    bool isDryRun = permit.extent() == access::Permit::Extent::DryRun;
    Question question;
    question.method = change.method;
    question.path = change.path + (change.path.find('?') == std::string::npos ? "?" : "&") + "fieldManager=klaw" +
                    (isDryRun ? "&dryRun=All" : "");
    question.contentType = change.contentType;
    question.body = isDryRun ? dryRunBody(change) : std::move(change.body);
    question.caller = Person(permit.identity(), permit.groups());
    co_return co_await ask(std::move(question), timeout);
}

void ApiServer::setGuard(std::function<Result<void>()> guard) {
    guard_ = guard;
    client_.setGuard([guard = std::move(guard)](const net::HttpRequest& request) {
        return request.method == "GET" ? Result<void>() : guard();
    });
}

Task<Result<net::HttpResponse>> ApiServer::writeLease(std::string method, std::string path, std::string body,
                                                      Duration timeout) {
    constexpr std::string_view group = "/apis/coordination.k8s.io/v1/namespaces/";
    if (!path.starts_with(group) || path.find("/leases", group.size()) == path.npos || path.find('?') != path.npos)
        co_return fail(ErrorCode::InvalidArgument, "this is no Lease: " + path, access_.name);
    Question question;
    question.method = std::move(method);
    question.path = path + "?fieldManager=klaw";
    question.contentType = "application/json";
    question.body = std::move(body);
    co_return co_await ask(std::move(question), timeout);
}

Task<Result<std::unique_ptr<net::HttpBodyStream>>> ApiServer::open(std::string path, Duration timeout) {
    for (bool again : {true, false}) {
        auto prepared = co_await request(path);
        if (!prepared) co_return fail(std::move(prepared).error());
        auto stream = co_await client_.open(std::move(*prepared), timeout);
        if (!stream) co_return stream;
        auto head = (*stream)->head();
        if (head.status < 300) co_return stream;
        std::string body(maxErrorBody, '\0');
        std::size_t size = 0;
        while (size < body.size()) {
            auto count = co_await (*stream)->readSome(std::span(body).subspan(size));
            if (!count || *count == 0) break;
            size += *count;
        }
        if (again && mayTryAgain(head.status)) continue;
        co_return fail(statusError(head, std::string_view(body).substr(0, size), access_.server));
    }
    co_return fail(ErrorCode::Internal, "no answer");
}

namespace {

/// An API server can have the APIs and features of an older version than its own (KEP-4330). Providers write "33+".
std::string emulationOf(const nlohmann::json& version) {
    auto number = [&](const char* name) {
        auto text = version.contains(name) && version[name].is_string() ? version[name].get<std::string>() : "";
        return text.substr(0, text.find_first_not_of("0123456789"));
    };
    bool emulates = !number("emulationMinor").empty() && number("emulationMinor") != number("minor");
    return emulates ? " (emulates " + number("emulationMajor") + "." + number("emulationMinor") + ")" : "";
}

}  // namespace

Task<Result<std::string>> ApiServer::version() {
    auto response = co_await get("/version", 10s);
    if (!response) co_return fail(std::move(response).error());
    auto json = nlohmann::json::parse(response->body, nullptr, false);
    if (!json.is_object() || !json.contains("gitVersion") || !json["gitVersion"].is_string())
        co_return fail(ErrorCode::Unavailable, "what answers is no Kubernetes API server", access_.server,
                       "check `server` in the kubeconfig");
    co_return json["gitVersion"].get<std::string>() + emulationOf(json);
}

Task<Result<std::string>> ApiServer::pathOf(std::string resource) {
    auto dot = resource.find('.');
    if (dot == std::string::npos) co_return "/api/v1/" + resource;
    auto plural = resource.substr(0, dot), group = resource.substr(dot + 1);
    for (const auto& known : builtIn)
        if (known.group == group) co_return "/apis/" + group + "/" + std::string(known.version) + "/" + plural;
    if (auto found = groupVersions_.find(group); found != groupVersions_.end())
        co_return "/apis/" + found->second + "/" + plural;
    auto response = co_await get("/apis/" + net::percentEncode(group), 10s);
    if (!response) co_return fail(std::move(response).error());
    auto json = nlohmann::json::parse(response->body, nullptr, false);
    std::string groupVersion;
    if (json.is_object() && json.contains("preferredVersion") && json["preferredVersion"].is_object())
        groupVersion = json["preferredVersion"].value("groupVersion", "");
    if (groupVersion.empty())
        co_return fail(ErrorCode::NotFound, "the cluster does not know the API group " + group, access_.server);
    groupVersions_[group] = groupVersion;
    co_return "/apis/" + groupVersion + "/" + plural;
}

}  // namespace klaw::kube
