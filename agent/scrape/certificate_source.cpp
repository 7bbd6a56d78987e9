#include "agent/scrape/certificate_source.hpp"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/digest.hpp"
#include "base/net/certificate.hpp"

namespace klaw::scrape {
namespace {

using simdjson::dom::element;
constexpr Duration timeout = 20s;

std::string_view textOf(const element& value, const char* pointer) {
    std::string_view text;
    return value.at_pointer(pointer).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// In the order of the PEM text; none where it cannot be read.
std::vector<net::Certificate> certificatesOf(std::string_view base64) {
    auto pem = base64Decode(base64);
    if (!pem) return {};
    return net::readCertificates(*pem).value_or(std::vector<net::Certificate>());
}

std::optional<TimePoint> firstEndOfWebhooks(const element& configuration) {
    std::optional<TimePoint> first;
    simdjson::dom::array webhooks;
    if (configuration["webhooks"].get(webhooks)) return first;
    for (auto webhook : webhooks)
        for (const auto& certificate : certificatesOf(textOf(webhook, "/clientConfig/caBundle")))
            first = std::min(first.value_or(certificate.notAfter), certificate.notAfter);
    return first;
}

}  // namespace

rules::Sample certificateSample(TimePoint end, TimePoint now, rules::ObjectRef object) {
    rules::Labels labels{{"kind", object.kind}, {"name", object.name}};
    if (!object.ns.empty()) labels.emplace("namespace", object.ns);
    auto seconds = std::chrono::duration<double>(end - now).count();
    return {"certificate_remaining_seconds", std::move(labels), seconds, object, object};
}

Result<std::vector<rules::Sample>> samplesOfWebhooks(const std::string& body, std::string_view cluster,
                                                     std::string_view resource, std::string_view kind, TimePoint now) {
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(body)["items"].get(items)) return fail(ErrorCode::DataLoss, "the answer is no list");
    std::vector<rules::Sample> samples;
    for (auto item : items) {
        rules::ObjectRef object{std::string(cluster),
                                std::string(resource),
                                std::string(kind),
                                "",
                                std::string(textOf(item, "/metadata/name")),
                                ""};
        if (auto end = firstEndOfWebhooks(item)) samples.push_back(certificateSample(*end, now, std::move(object)));
    }
    return samples;
}

Result<std::string> addSamplesOfSecrets(const std::string& body, std::string_view cluster, TimePoint now,
                                        std::vector<rules::Sample>& into) {
    simdjson::dom::parser parser;
    element root;
    simdjson::dom::array items;
    if (parser.parse(body).get(root) || root["items"].get(items))
        return fail(ErrorCode::DataLoss, "the answer is no SecretList");
    for (auto item : items) {
        auto chain = certificatesOf(textOf(item, "/data/tls.crt"));
        if (chain.empty()) continue;
        std::string ns(textOf(item, "/metadata/namespace")), name(textOf(item, "/metadata/name"));
        rules::ObjectRef object{std::string(cluster), "secrets", "Secret", std::move(ns), std::move(name), ""};
        into.push_back(
            certificateSample(chain.front().notAfter, now, std::move(object)));  // the server's own comes first
    }
    return std::string(textOf(root, "/metadata/continue"));
}

Task<void> CertificateSource::look(MetricSink& sink) {
    co_await lookAtServer(sink);
    co_await lookAtWebhooks("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", sink);
    co_await lookAtWebhooks("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", sink);
    if (secrets_) co_await lookAtSecrets(sink);
}

Task<void> CertificateSource::lookAtServer(MetricSink& sink) {
    auto response = co_await server_.get("/version", timeout);
    if (!response) co_return tell("API server", fail(response.error()), sink);
    std::vector<rules::Sample> samples;
    if (response->certificateEnds) {
        rules::ObjectRef named{server_.access().name, "", "APIServer", "", server_.access().server, ""};
        auto& sample =
            samples.emplace_back(certificateSample(*response->certificateEnds, clock_.now(), std::move(named)));
        sample.object = sample.owner = {server_.access().name, "", "", "", "", ""};  // no object of the cluster
    }
    tell("API server", std::move(samples), sink);
}

Task<void> CertificateSource::lookAtWebhooks(std::string resource, std::string kind, MetricSink& sink) {
    auto response = co_await server_.get("/apis/admissionregistration.k8s.io/v1/" + resource, timeout);
    if (!response) co_return tell(resource, fail(response.error()), sink);
    auto qualified = resource + ".admissionregistration.k8s.io";
    tell(resource, samplesOfWebhooks(response->body, server_.access().name, qualified, kind, clock_.now()), sink);
}

Task<void> CertificateSource::lookAtSecrets(MetricSink& sink) {
    const std::string first = "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Ftls&limit=200";
    std::vector<rules::Sample> samples;
    std::string next;
    do {
        auto path = next.empty() ? first : first + "&continue=" + net::percentEncode(next);
        auto response = co_await server_.get(std::move(path), timeout);
        if (!response) co_return tell("secrets", fail(response.error()), sink);
        auto token = addSamplesOfSecrets(response->body, server_.access().name, clock_.now(), samples);
        if (!token) co_return tell("secrets", fail(token.error()), sink);
        next = std::move(*token);
    } while (!next.empty());
    tell("secrets", std::move(samples), sink);
}

void CertificateSource::tell(std::string source, const Result<std::vector<rules::Sample>>& samples, MetricSink& sink) {
    source = "certificates of " + source;
    if (samples)
        sink.samples(server_.access().name, source, {}, *samples);
    else if (samples.error().code != ErrorCode::Cancelled)
        sink.lost(server_.access().name, source, samples.error());
}

}  // namespace klaw::scrape
