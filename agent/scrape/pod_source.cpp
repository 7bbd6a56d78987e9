#include "agent/scrape/pod_source.hpp"

#include <algorithm>
#include <charconv>

#include "rules/metric/builtin_metrics.hpp"
#include "rules/owner.hpp"

namespace klaw::scrape {
namespace {

constexpr Duration timeout = 3s;
constexpr std::size_t maxPods = 2'000;

/// What of a Pod is needed once its packed form may be gone.
struct Page {
    HttpTarget target;
    rules::ObjectRef object, owner;
};

std::string sourceOf(PackedView pod) {
    const auto metadata = pod["metadata"];
    return "pod " + std::string(metadata["namespace"].asString()) + "/" + std::string(metadata["name"].asString());
}

bool isPort(std::string_view text) {
    unsigned port = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    return failure == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool isPath(std::string_view text) {
    return text.starts_with('/') && text.size() < 1000 &&
           std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

}  // namespace

Result<std::optional<HttpTarget>> targetOfPod(std::string_view cluster, PackedView pod) {
    namespace annotation = rules::scrape_annotation;
    auto annotations = pod["metadata"]["annotations"];
    auto address = pod["status"]["podIP"].asString();
    bool asks = annotations[annotation::scrape].asString() == "true";
    if (!asks || address.empty() || pod["status"]["phase"].asString() != "Running") return std::nullopt;
    auto port = annotations[annotation::port].asString(), path = annotations[annotation::path].asString(),
         scheme = annotations[annotation::scheme].asString();
    auto refused = [&](std::string_view name, std::string_view value, const char* remedy) {
        return fail(ErrorCode::InvalidArgument,
                    "the annotation " + std::string(name) + ": \"" + std::string(value) + "\" cannot be used",
                    sourceOf(pod), remedy);
    };
    if (!isPort(port)) return refused(annotation::port, port, "write the number of the port that serves the metrics");
    if (!path.empty() && !isPath(path)) return refused(annotation::path, path, "write a path such as /metrics");
    if (!scheme.empty() && scheme != "http" && scheme != "https")
        return refused(annotation::scheme, scheme, "write http or https");
    HttpTarget target;
    target.name = sourceOf(pod);
    target.cluster = cluster;
    bool isV6 = address.find(':') != std::string_view::npos;
    target.url = (scheme.empty() ? std::string("http") : std::string(scheme)) + "://" +
                 (isV6 ? "[" + std::string(address) + "]" : std::string(address)) + ":" + std::string(port) +
                 (path.empty() ? std::string("/metrics") : std::string(path));
    target.labels = {{"namespace", std::string(pod["metadata"]["namespace"].asString())},
                     {"pod", std::string(pod["metadata"]["name"].asString())}};
    target.timeout = timeout;
    return target;
}

net::HttpClientOptions PodSource::clientOptions() {
    net::HttpClientOptions options;
    options.maxBodyBytes = maxPageBytes;
    return options;
}

Task<void> PodSource::look(MetricSink& sink) {
    std::vector<Page> pages;
    std::vector<Error> refused;
    objects_.forEach(cluster_, "pods", [&](PackedView pod) {
        auto target = targetOfPod(cluster_, pod);
        if (!target)
            refused.push_back(std::move(target).error());
        else if (*target && pages.size() < maxPods)
            pages.push_back(
                {std::move(**target), rules::refOf(cluster_, "pods", pod), rules::ownerOf(cluster_, "pods", pod)});
    });
    std::set<std::string> asked;
    for (const auto& error : refused) {
        asked.insert(error.place);
        sink.lost(cluster_, error.place, error);
    }
    for (auto& page : pages) {
        asked.insert(page.target.name);
        auto samples = co_await lookAtPage(client_, page.target, wanted_);
        if (!samples) {
            if (samples.error().code != ErrorCode::Cancelled) sink.lost(cluster_, page.target.name, samples.error());
            continue;
        }
        for (auto& sample : *samples) {
            sample.object = page.object;
            sample.owner = page.owner;
        }
        sink.samples(cluster_, page.target.name, {}, *samples);
    }
    for (const auto& gone : sources_)
        if (!asked.contains(gone)) sink.samples(cluster_, gone, {}, {});
    sources_ = std::move(asked);
}

}  // namespace klaw::scrape
