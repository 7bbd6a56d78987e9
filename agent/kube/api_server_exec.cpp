// Commands in containers, values that need a permit, and what RBAC lets somebody do.
#include <nlohmann/json.hpp>

#include "agent/access/place.hpp"
#include "agent/kube/api_server.hpp"

namespace klaw::kube {
namespace {

using Json = nlohmann::json;

/// What a request is to the authorizers of the API server.
/// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verb-resource
struct Attributes {
    std::string group, resource, subresource, ns, name;
};

Attributes attributesOf(std::string_view path) {
    path = path.substr(0, path.find('?'));
    auto place = access::placeOfPath({}, path);
    Attributes attributes{{}, place.resource, {}, place.ns, place.name};
    constexpr std::string_view groups = "/apis/";
    if (path.starts_with(groups)) {
        auto rest = path.substr(groups.size());
        attributes.group = rest.substr(0, rest.find('/'));
    }
    // Behind the name; of a namespace's objects the same word may stand before.
    auto object = net::percentEncode(place.name);
    auto at = place.name.empty() ? path.npos : path.rfind("/" + object + "/");
    bool ofObject = at != path.npos && place.resource != "namespaces";
    if (ofObject) {
        auto rest = path.substr(at + object.size() + 2);
        if (rest.find('/') == rest.npos) attributes.subresource = rest;
    }
    return attributes;
}

std::string verbOf(const ChangeRequest& change) {
    if (change.isRead()) return "get";
    if (change.method == "PATCH") return "patch";
    if (change.method == "DELETE") return "delete";
    if (change.method == "PUT") return "update";
    return "create";
}

std::string asJson(const Json& body) {
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string sentence(const std::string& verb, const Attributes& attributes, const Person& caller) {
    auto what = attributes.resource + (attributes.group.empty() ? "" : "." + attributes.group) +
                (attributes.subresource.empty() ? "" : "/" + attributes.subresource);
    auto name = attributes.name.empty() ? std::string() : " \"" + attributes.name + "\"";
    auto place = attributes.ns.empty() || attributes.resource == "namespaces" ? std::string()
                                                                              : " in the namespace " + attributes.ns;
    return "Kubernetes does not let " + (caller.user.empty() ? "Klaw" : caller.user) + " " + verb + " " + what + name +
           place;
}

/// Of what has failed before the command was sent, whose outcome is known.
Error notRun(Error error) {
    if (error.code == ErrorCode::OutcomeUnknown) error.code = ErrorCode::Unavailable;
    return error;
}

}  // namespace

Task<Result<void>> ApiServer::review(std::string verb, Person caller, ChangeRequest change, Duration timeout) {
    auto attributes = attributesOf(change.path);
    Json body{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectAccessReview"}};
    body["spec"]["resourceAttributes"] = {{"verb", verb},
                                          {"group", attributes.group},
                                          {"resource", attributes.resource},
                                          {"subresource", attributes.subresource},
                                          {"namespace", attributes.ns},
                                          {"name", attributes.name}};
    if (!access_.impersonateCallers) caller = Person();
    auto response = co_await askAuthorizer("selfsubjectaccessreviews", asJson(body), caller, timeout);
    if (!response) co_return fail(std::move(response).error());
    auto answer = Json::parse(response->body, nullptr, false);
    Json::json_pointer allowed("/status/allowed"), reason("/status/reason");
    if (!answer.is_object() || !answer.contains(allowed) || !answer[allowed].is_boolean())
        co_return fail(ErrorCode::Unavailable, "the API server did not say who may do what", access_.server);
    if (answer[allowed].get<bool>()) co_return Result<void>();
    auto message = sentence(verb, attributes, caller);
    if (answer.contains(reason) && answer[reason].is_string() && !answer[reason].get<std::string>().empty())
        message += ": " + answer[reason].get<std::string>().substr(0, 500);
    co_return fail(ErrorCode::PermissionDenied, std::move(message), access_.server);
}

Task<Result<std::string>> ApiServer::ownRights(std::string ns, Duration timeout) {
    Json body{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectRulesReview"}};
    body["spec"]["namespace"] = std::move(ns);
    auto response = co_await askAuthorizer("selfsubjectrulesreviews", asJson(body), Person(), timeout);
    if (!response) co_return fail(std::move(response).error());
    co_return std::move(response->body);
}

Task<Result<net::HttpResponse>> ApiServer::askAuthorizer(const std::string& resource, std::string body, Person caller,
                                                         Duration timeout) {
    Question question;
    question.method = "POST";
    question.path = "/apis/authorization.k8s.io/v1/" + resource;
    question.contentType = "application/json";
    question.body = std::move(body);
    question.caller = std::move(caller);
    question.changesNothing = true;
    return ask(std::move(question), timeout);
}

/// A WebSocket begins with a GET: API servers before v1.35 ask for `get` alone, later ones for `create`, as kubectl
/// always has. Who may only read objects shall not run commands in any of them.
Task<Result<void>> ApiServer::mayChange(Person caller, ChangeRequest change, Duration timeout) {
    auto may = co_await review(verbOf(change), caller, change, timeout);
    if (!may || !change.isExec()) co_return may;
    co_return co_await review("get", std::move(caller), std::move(change), timeout);
}

Task<Result<net::HttpResponse>> ApiServer::read(access::Permit permit, ChangeRequest reading, Duration timeout) {
    if (auto fine = covered(permit, reading); !fine) co_return fail(std::move(fine).error());
    Person caller(permit.identity(), permit.groups());
    if (permit.extent() == access::Permit::Extent::Change)
        co_return co_await get(std::move(reading.path), timeout, "application/json", std::move(caller));
    auto may = co_await mayChange(std::move(caller), std::move(reading), timeout);
    if (!may) co_return fail(std::move(may).error());
    co_return net::HttpResponse();
}

Task<Result<ExecOutcome>> ApiServer::exec(access::Permit permit, ChangeRequest command) {
    if (auto fine = covered(permit, command); !fine) co_return fail(std::move(fine).error());
    Person caller(permit.identity(), permit.groups());
    constexpr Duration askWithin = 10s, openWithin = 10s;
    auto may = co_await mayChange(caller, command, askWithin);
    if (!may) co_return fail(notRun(std::move(may).error()));
    if (permit.extent() == access::Permit::Extent::DryRun) co_return ExecOutcome();
    for (bool again : {true, false}) {
        auto prepared = co_await request(command.path);
        if (!prepared) co_return fail(notRun(std::move(prepared).error()));
        impersonate(*prepared, caller);
        prepared->headers.remove("Accept");
        net::WebSocketOptions options;
        options.tls = credentials_.tls();
        options.proxyUrl = access_.proxyUrl;
        options.headers = std::move(prepared->headers);
        options.headers.set("Sec-WebSocket-Protocol", std::string(execProtocols));
        options.openTimeout = openWithin;
        auto url = prepared->url;
        url.replace(0, 4, "ws");  // http, https
        if (auto leaves = guard_ ? guard_() : Result<void>(); !leaves)
            co_return fail(notRun(std::move(leaves).error()));
        auto opened = co_await net::WebSocket::open(loop_, std::move(url), std::move(options));
        if (!opened.socket && again && mayTryAgain(opened.status)) continue;
        if (!opened.socket && opened.status >= 300) {
            net::HttpHead head;
            head.status = opened.status;
            head.headers = std::move(opened.headers);
            auto error = statusError(head, opened.body, access_.server);
            bool passedOn = opened.status == 502 || opened.status == 504;  // a gateway does not know what came of it
            if (passedOn) error.code = ErrorCode::OutcomeUnknown;
            co_return fail(std::move(error));
        }
        if (!opened.socket && !opened.asked) co_return fail(notRun(std::move(opened.error)));
        if (!opened.socket) {
            opened.error.code = ErrorCode::OutcomeUnknown;
            co_return fail(std::move(opened.error));
        }
        auto spoken = opened.headers.get("Sec-WebSocket-Protocol");
        if (!spoken || !isExecProtocol(*spoken)) {
            opened.socket->abort();
            co_return fail(ErrorCode::Unsupported, "the API server does not speak " + std::string(execProtocols),
                           access_.server);
        }
        co_return co_await listenToCommand(loop_, std::move(opened.socket), command.timeLimit);
    }
    co_return fail(ErrorCode::Internal, "no answer");
}

}  // namespace klaw::kube
