#include "agent/scrape/http_source.hpp"

#include <simdjson.h>

#include <charconv>
#include <limits>

#include "agent/scrape/alertmanager_payload.hpp"
#include "agent/scrape/prometheus_text.hpp"
#include "base/net/token_file.hpp"
#include "base/net/url.hpp"

namespace klaw::scrape {
namespace {

constexpr const char* narrower = "let it give less, or ask a Prometheus with a narrower `promql`";

Result<std::string> tokenOf(const HttpTarget& target) {
    if (target.tokenFile.empty()) return target.token;
    return net::readTokenFile(target.tokenFile);
}

Error statusError(const net::HttpResponse& response, const HttpTarget& target) {
    auto code = response.status == 401   ? ErrorCode::Unauthenticated
                : response.status == 403 ? ErrorCode::PermissionDenied
                : response.status == 404 ? ErrorCode::NotFound
                                         : ErrorCode::Unavailable;
    return Error(code, "it answers with HTTP status " + std::to_string(response.status), net::shownUrl(target.url));
}

Task<Result<std::string>> fetch(net::HttpClient& client, const HttpTarget& target, std::string url) {
    auto token = tokenOf(target);
    if (!token) co_return fail(std::move(token).error());
    net::HttpRequest request("GET", std::move(url));
    request.headers.add("Accept",
                        "text/plain;version=0.0.4, application/openmetrics-text;q=0.5, application/json;q=0.5");
    if (!token->empty()) request.headers.add("Authorization", "Bearer " + *token);
    auto response = co_await client.send(std::move(request), target.timeout);
    if (!response) {
        auto error = std::move(response).error();
        if (error.code == ErrorCode::ResourceExhausted) {
            error.place = net::shownUrl(target.url);
            error.remedy = narrower;
        }
        co_return fail(std::move(error));
    }
    // Prometheus refuses an expression with 400 and says in the body why.
    bool explained = response->status == 400 || response->status == 422;
    if (response->status != 200 && !explained) co_return fail(statusError(*response, target));
    co_return std::move(response->body);
}

void tell(MetricSink& sink, const HttpTarget& target, const std::string& source, const std::string& rule,
          const Result<std::vector<rules::Sample>>& samples) {
    if (samples)
        sink.samples(target.cluster, source, rule, *samples);
    else if (samples.error().code != ErrorCode::Cancelled)
        sink.lost(target.cluster, source, samples.error());
}

/// As Prometheus with honor_labels off: the target's own label gives way.
void addLabels(const rules::Labels& added, rules::Labels& labels) {
    for (const auto& [name, value] : added) {
        auto [at, isNew] = labels.try_emplace(name, value);
        if (isNew) continue;
        labels.try_emplace("exported_" + name, std::exchange(at->second, value));
    }
}

std::optional<double> sampleValue(const simdjson::dom::element& pair) {
    std::string_view text;
    if (pair.at(1).get(text)) return std::nullopt;
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    if (text == "-Inf") return -std::numeric_limits<double>::infinity();
    double value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Error noAnswer() {
    return Error(ErrorCode::DataLoss, "the answer is none of the Prometheus HTTP API", {},
                 "check the address: it must be that of a Prometheus-compatible server");
}

Result<rules::Sample> sampleOf(const simdjson::dom::element& item, std::string_view cluster) {
    rules::Sample sample;
    simdjson::dom::object metric;
    if (item["metric"].get(metric)) return fail(noAnswer());
    for (auto field : metric) {
        std::string_view text;
        if (!field.value.get(text) && field.key != "__name__") sample.labels.emplace(field.key, text);
    }
    simdjson::dom::element pair;
    if (item["value"].get(pair)) return fail(noAnswer());
    auto value = sampleValue(pair);
    if (!value) return fail(noAnswer());
    sample.value = *value;
    sample.object = sample.owner = objectOfLabels(cluster, sample.labels);
    return sample;
}

Result<std::vector<rules::Sample>> samplesOfPage(std::string_view page, const HttpTarget& target,
                                                 const std::function<bool(std::string_view)>& wanted) {
    std::vector<rules::Sample> samples;
    bool tooMany = false;
    auto take = [&](std::string_view name, rules::Labels labels, double value) {
        if (samples.size() == maxSeries) {
            tooMany = true;
            return;
        }
        addLabels(target.labels, labels);
        auto object = objectOfLabels(target.cluster, labels);
        samples.push_back({std::string(name), std::move(labels), value, object, object});
    };
    if (auto read = readPrometheusText(page, wanted, take); !read) return fail(std::move(read).error());
    if (tooMany)
        return fail(ErrorCode::ResourceExhausted,
                    "the target gives more than " + std::to_string(maxSeries) + " series that rules read",
                    net::shownUrl(target.url), "let rules read narrower metrics, or ask a Prometheus with `promql`");
    return samples;
}

}  // namespace

Task<Result<std::vector<rules::Sample>>> lookAtPage(net::HttpClient& client, const HttpTarget& target,
                                                    const std::function<bool(std::string_view)>& wanted) {
    auto page = co_await fetch(client, target, target.url);
    if (!page) co_return fail(std::move(page).error());
    co_return samplesOfPage(*page, target, wanted);
}

Task<void> TextSource::look(MetricSink& sink) {
    auto samples = co_await lookAtPage(client_, target_, wanted_);
    tell(sink, target_, target_.name, {}, samples);
}

PromqlSource::PromqlSource(net::HttpClient& client, HttpTarget server, const rules::Rule& rule)
    : client_(client),
      server_(std::move(server)),
      rule_(rule.name),
      source_("promql " + rule.name),
      expression_(rule.promql) {
    server_.every = rule.every;
    while (server_.url.ends_with('/')) server_.url.pop_back();
}

Task<void> PromqlSource::look(MetricSink& sink) {
    auto body =
        co_await fetch(client_, server_, server_.url + "/api/v1/query?query=" + net::percentEncode(expression_));
    if (body)
        tell(sink, server_, source_, rule_, samplesOfQuery(std::move(*body), server_.cluster));
    else
        tell(sink, server_, source_, rule_, fail(std::move(body).error()));
}

Result<std::vector<rules::Sample>> samplesOfQuery(std::string body, std::string_view cluster) {
    simdjson::dom::parser parser;
    simdjson::dom::element root, result;
    std::string_view status, type;
    if (parser.parse(body).get(root) || root["status"].get(status)) return fail(noAnswer());
    if (status != "success") {
        std::string_view message;
        if (root["error"].get(message)) message = "no reason given";
        return fail(ErrorCode::InvalidArgument, "Prometheus refuses the expression: " + std::string(message));
    }
    if (root.at_pointer("/data/resultType").get(type) || root.at_pointer("/data/result").get(result))
        return fail(noAnswer());
    std::vector<rules::Sample> samples;
    if (type == "scalar") {
        auto value = sampleValue(result);
        if (!value) return fail(noAnswer());
        rules::Sample sample;
        sample.value = *value;
        samples.push_back(std::move(sample));
        return samples;
    }
    simdjson::dom::array items;
    if (type != "vector" || result.get(items))
        return fail(ErrorCode::InvalidArgument, "the expression gives a " + std::string(type) + ", not a vector", {},
                    "ask for an instant vector, without a range such as [5m] at the end");
    if (items.size() > maxSeries)
        return fail(ErrorCode::ResourceExhausted,
                    "the expression gives more than " + std::to_string(maxSeries) + " series", {},
                    "aggregate in the expression, with `sum by` or `topk`");
    for (auto item : items) {
        auto sample = sampleOf(item, cluster);
        if (!sample) return fail(std::move(sample).error());
        samples.push_back(std::move(*sample));
    }
    return samples;
}

}  // namespace klaw::scrape
