#include "agent/operate/object_text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/operate/secret_values.hpp"
#include "agent/operate/table.hpp"
#include "base/text/secrets.hpp"
#include "notifiers/safe_text.hpp"
#include "rules/metric/quantity.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::ordered_json;

const Json& at(const Json& json, const char* name) {
    static const Json none;
    auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() ? *found : none;
}

std::string text(const Json& json, const char* name) {
    const auto& value = at(json, name);
    if (value.is_string()) return value.get<std::string>();
    return value.is_null() ? std::string() : value.dump();
}

bool needsQuotes(const std::string& value) {
    if (value.empty()) return true;
    auto plain = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("-_./:+@ =,%").find(char(c)) != std::string_view::npos || c >= 0x80;
    };
    return !std::ranges::all_of(value, plain) || value.front() == ' ' || value.back() == ' ' ||
           value.find(": ") != value.npos || value.back() == ':';
}

std::string scalar(const Json& value) {
    if (!value.is_string()) return value.dump();
    auto written = value.get<std::string>();
    return needsQuotes(written) ? value.dump(-1, ' ', false, Json::error_handler_t::replace) : written;
}

/// YAML in the order of the JSON.
void write(const Json& value, std::size_t indent, std::string& out) {
    std::string blanks(indent, ' ');
    if (value.is_object()) {
        for (const auto& [key, child] : value.items()) {
            bool nested = (child.is_object() || child.is_array()) && !child.empty();
            out += blanks + key + ":" + (nested ? "\n" : " " + scalar(child) + "\n");
            if (nested) write(child, child.is_array() ? indent : indent + 2, out);
        }
        return;
    }
    for (const auto& child : value) {
        if (!child.is_object() && !child.is_array()) {
            out += blanks + "- " + scalar(child) + "\n";
            continue;
        }
        std::string item;
        write(child, indent + 2, item);
        if (item.size() > indent) item[indent] = '-';
        out += item;
    }
}

void withoutNoise(Json& object) {
    auto metadata = object.find("metadata");
    if (metadata == object.end() || !metadata->is_object()) return;
    for (const auto* name : {"managedFields", "resourceVersion", "uid", "generation", "selfLink"})
        metadata->erase(name);
    auto annotations = metadata->find("annotations");
    if (annotations == metadata->end() || !annotations->is_object()) return;
    annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
    if (annotations->empty()) metadata->erase("annotations");
}

/// The token that every Pod gets is in every Pod.
void withoutServiceAccountToken(Json& object) {
    auto isToken = [](const Json& item) { return text(item, "name").starts_with("kube-api-access-"); };
    auto spec = object.find("spec");
    if (spec == object.end() || !spec->is_object()) return;
    auto drop = [&](Json& from, const char* name) {
        auto list = from.find(name);
        if (list == from.end() || !list->is_array()) return;
        list->erase(std::remove_if(list->begin(), list->end(), isToken), list->end());
        if (list->empty()) from.erase(name);
    };
    drop(*spec, "volumes");
    for (const auto* kind : {"initContainers", "containers"})
        if (auto containers = spec->find(kind); containers != spec->end() && containers->is_array())
            for (auto& container : *containers)
                if (container.is_object()) drop(container, "volumeMounts");
}

std::size_t decodedSize(const Json& value) {
    if (!value.is_string()) return 0;
    const auto& text = value.get_ref<const std::string&>();
    auto padding = std::min<std::size_t>(text.size() - std::min(text.size(), text.find_last_not_of('=') + 1), 2);
    return text.size() / 4 * 3 - std::min(padding, text.size() / 4 * 3);
}

/// What is in a Secret is told by its size. Takes it out of the object.
std::string takeValues(Json& object) {
    std::string text;
    for (const std::string part : {"data", "stringData"}) {
        auto values = object.find(part);
        if (values == object.end()) continue;
        if (values->is_object() && !values->empty()) text += part + ":\n";
        if (values->is_object())
            for (const auto& [name, value] : values->items()) {
                auto plain = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
                text += fmt::format("  {}: {} bytes, not shown\n", notifiers::oneLine(name),
                                    part == "data" ? decodedSize(value) : plain);
            }
        object.erase(part);
    }
    return text;
}

}  // namespace

std::string describeObject(const std::string& body) {
    auto object = Json::parse(body, nullptr, false);
    if (!object.is_object()) return "the API server gave no object\n";
    withoutNoise(object);
    withoutServiceAccountToken(object);
    auto values = text(object, "kind") == "Secret" ? takeValues(object) : std::string();
    maskSecretValues(object);
    std::string out;
    write(object, 0, out);
    return maskSecrets(out) + values;
}

std::vector<std::vector<std::string>> secretKeys(const std::string& body) {
    auto object = Json::parse(body, nullptr, false);
    std::vector<std::vector<std::string>> rows;
    const auto& values = at(object, "data");
    if (!values.is_object()) return rows;
    for (const auto& [name, value] : values.items())
        rows.push_back({notifiers::oneLine(name), std::to_string(decodedSize(value))});
    return rows;
}

std::string describeEvents(const std::string& body) {
    auto json = Json::parse(body, nullptr, false);
    const auto& items = at(json, "items");
    if (!items.is_array() || items.empty()) return {};
    std::vector<std::vector<std::string>> rows;
    for (const auto& event : items) {
        auto when = text(event, "lastTimestamp");
        if (when.empty()) when = text(event, "eventTime");
        auto count = text(event, "count");
        rows.push_back({when, text(event, "type"), text(event, "reason"), count.empty() ? "1" : count,
                        notifiers::oneLine(text(event, "message"))});
    }
    std::ranges::sort(rows);
    return "\n" + maskSecrets(formatTable({"LAST SEEN", "TYPE", "REASON", "COUNT", "MESSAGE"}, rows));
}

std::string logText(const std::string& log) {
    std::string out;
    auto text = maskSecrets(log);
    if (text.ends_with('\n')) text.pop_back();
    if (text.empty()) return out;
    for (const auto& line : notifiers::cleanLines(text)) out += line + "\n";
    return out;
}

std::vector<std::vector<std::string>> usageRows(const std::string& body) {
    auto json = Json::parse(body, nullptr, false);
    struct Usage {
        std::string name;
        double cpu = 0, memory = 0;
    };
    std::vector<Usage> all;
    auto add = [](Usage& usage, const Json& of) {
        usage.cpu += rules::parseQuantity(text(of, "cpu")).value_or(0);
        usage.memory += rules::parseQuantity(text(of, "memory")).value_or(0);
    };
    const auto& items = at(json, "items");
    if (items.is_array())
        for (const auto& item : items) {
            const auto& metadata = at(item, "metadata");
            auto ns = text(metadata, "namespace");
            Usage usage{(ns.empty() ? "" : ns + "/") + text(metadata, "name"), 0, 0};
            if (at(item, "usage").is_object()) add(usage, at(item, "usage"));
            if (at(item, "containers").is_array())
                for (const auto& container : at(item, "containers")) add(usage, at(container, "usage"));
            all.push_back(std::move(usage));
        }
    std::ranges::sort(all, [](const Usage& a, const Usage& b) { return a.memory > b.memory; });
    std::vector<std::vector<std::string>> rows;
    for (const auto& usage : all)
        rows.push_back(
            {usage.name, fmt::format("{:.0f}m", usage.cpu * 1000), fmt::format("{:.0f}Mi", usage.memory / (1 << 20))});
    return rows;
}

}  // namespace klaw::operate
