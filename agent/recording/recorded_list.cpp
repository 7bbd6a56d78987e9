#include "agent/recording/recorded_list.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"

namespace klaw::recording {
namespace {

constexpr std::size_t batchBytes = 64u << 10;

std::string continueToken(const ListRequest& request, const std::string& last) {
    return base64Encode(fmt::format("{}:{}", request.version, last));
}

/// The keys of a page are chosen at once, so that its head can say whether there is more.
struct Page {
    std::vector<std::string> keys;
    std::size_t remaining = 0;
};

Page choose(const RecordedResource& resource, const ListRequest& request) {
    Page page;
    for (auto next = resource.objects().upper_bound(request.after); next != resource.objects().end(); ++next) {
        if (!request.ns.empty() && next->second.object->ns() != request.ns) continue;
        if (request.limit > 0 && page.keys.size() == request.limit)
            ++page.remaining;
        else
            page.keys.push_back(next->first);
    }
    return page;
}

std::string head(const RecordedResource& resource, const ListRequest& request, const Page& page) {
    nlohmann::ordered_json metadata{{"resourceVersion", std::to_string(request.version)}};
    if (page.remaining > 0) {
        metadata["continue"] = continueToken(request, page.keys.back());
        metadata["remainingItemCount"] = page.remaining;
    }
    return fmt::format(R"({{"kind":"{}List","apiVersion":"{}","metadata":{},"items":[)", resource.kind(),
                       resource.apiVersion(), metadata.dump());
}

}  // namespace

bool parseContinue(std::string_view token, ListRequest& request) {
    auto decoded = base64Decode(token);
    if (!decoded) return false;
    auto colon = decoded->find(':');
    if (colon == decoded->npos) return false;
    auto [end, error] = std::from_chars(decoded->data(), decoded->data() + colon, request.version);
    request.after = decoded->substr(colon + 1);
    return error == std::errc() && end == decoded->data() + colon;
}

Task<void> serveList(std::shared_ptr<RecordedCluster> cluster, ListRequest request, net::BodySink& sink) {
    const auto* resource = cluster->find(request.resource);
    auto page = choose(*resource, request);
    auto out = head(*resource, request, page);
    bool first = true;
    for (const auto& key : page.keys) {
        auto stored = resource->objects().find(key);
        if (stored == resource->objects().end()) continue;  // deleted while the page was written: the watch tells
        if (!std::exchange(first, false)) out += ',';
        stored->second.object->appendAsItem(out, stored->second.version);
        if (out.size() < batchBytes) continue;
        auto written = co_await sink.write(out);
        if (!written) co_return;
        out.clear();
    }
    out += "]}\n";
    (void)co_await sink.write(out);
}

}  // namespace klaw::recording
