#include "agent/recording/recorded_object.hpp"

#include <fmt/format.h>

#include <iterator>

#include "agent/recording/json_text.hpp"

namespace klaw::recording {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view versionMark = "\"@klaw-resource-version@\"";

}  // namespace

std::shared_ptr<const RecordedObject> RecordedObject::parse(std::string_view json) {
    auto document = parseJson(json);
    if (!document || !document->is_object()) return nullptr;
    auto& object = *document;
    if (!object.contains("metadata") || !object["metadata"].is_object()) return nullptr;
    auto parsed = std::make_shared<RecordedObject>();
    parsed->kind_ = stringAt(object, "kind");
    parsed->apiVersion_ = stringAt(object, "apiVersion");
    parsed->ns_ = stringAt(object["metadata"], "namespace");
    parsed->name_ = stringAt(object["metadata"], "name");
    object.erase("kind");
    object.erase("apiVersion");
    // Erasing moves the members that follow, so a reference taken before would dangle.
    object["metadata"]["resourceVersion"] = versionMark.substr(1, versionMark.size() - 2);
    auto text = dumpJson(object);
    auto gap = text.find(versionMark);
    parsed->before_ = text.substr(1, gap - 1);
    parsed->after_ = text.substr(gap + versionMark.size());
    return parsed;
}

void RecordedObject::appendTo(std::string& out, std::uint64_t version) const {
    fmt::format_to(std::back_inserter(out), R"({{"kind":{},"apiVersion":{},{}"{}"{})", Json(kind_).dump(),
                   Json(apiVersion_).dump(), before_, version, after_);
}

void RecordedObject::appendAsItem(std::string& out, std::uint64_t version) const {
    fmt::format_to(std::back_inserter(out), R"({{{}"{}"{})", before_, version, after_);
}

std::string bookmarkObject(const std::string& kind, const std::string& apiVersion, std::uint64_t version,
                           bool endsInitialEvents) {
    Json object;
    object["kind"] = kind;
    object["apiVersion"] = apiVersion;
    object["metadata"]["resourceVersion"] = std::to_string(version);
    object["metadata"]["creationTimestamp"] = nullptr;
    if (endsInitialEvents) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
    return object.dump();
}

}  // namespace klaw::recording
