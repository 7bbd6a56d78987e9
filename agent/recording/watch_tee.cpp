#include "agent/recording/watch_tee.hpp"

#include "agent/recording/json_text.hpp"
#include "agent/recording/marks.hpp"

namespace klaw::recording {

void WatchTee::listBegins() {
    handler_.listBegins();
    received_.event(cluster_, resource_, listBeginsMark);
}

Result<kube::PageOutcome> WatchTee::page(kube::PaddedText body) {
    text_.assign(body.text());
    auto outcome = handler_.page(body);
    if (outcome) received_.page(cluster_, resource_, text_);
    paged_ = outcome.has_value();
    return outcome;
}

Result<kube::LineOutcome> WatchTee::line(kube::PaddedText line) {
    text_.assign(line.text());
    auto outcome = handler_.line(line);
    if (outcome && outcome->type != kube::LineOutcome::Type::Error) received_.event(cluster_, resource_, text_);
    return outcome;
}

/// A streaming list ends with a bookmark of the API server; one that came in pages gets the same.
void WatchTee::listEnds(std::string_view resourceVersion) {
    handler_.listEnds(resourceVersion);
    if (!std::exchange(paged_, false)) return;
    nlohmann::ordered_json metadata{{"resourceVersion", resourceVersion},
                                    {"annotations", {{"k8s.io/initial-events-end", "true"}}}};
    received_.event(cluster_, resource_, dumpJson({{"type", "BOOKMARK"}, {"object", {{"metadata", metadata}}}}));
}

Result<void> eventsOfPage(std::string_view body, const std::function<void(const std::string&)>& each) {
    auto list = parseJson(body);
    if (!list || !list->is_object() || !list->contains("items") || !(*list)["items"].is_array())
        return fail(ErrorCode::InvalidArgument, "a page that is no list");
    auto kind = stringAt(*list, "kind");
    if (kind.ends_with("List")) kind.resize(kind.size() - 4);
    for (const auto& item : (*list)["items"]) {
        nlohmann::ordered_json object{{"kind", kind}, {"apiVersion", stringAt(*list, "apiVersion")}};
        object.update(item);
        each(dumpJson({{"type", "ADDED"}, {"object", std::move(object)}}));
    }
    return {};
}

}  // namespace klaw::recording
