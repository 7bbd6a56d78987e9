#include "agent/backup/list_page.hpp"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace klaw::backup {
namespace {

namespace ondemand = simdjson::ondemand;

tl::unexpected<Error> noList() {
    return fail(Error(ErrorCode::Unavailable, "the API server answered with no list").withRetry(Retry::later()));
}

std::string textOf(simdjson::simdjson_result<ondemand::value> value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

Result<ListPage> ListPage::parse(std::string body) {
    ListPage page;
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    page.body = std::make_unique<const std::string>(std::move(body));
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object list;
    simdjson::padded_string_view view(page.body->data(), page.body->size(), page.body->capacity());
    if (parser.iterate(view).get(document) || document.get_object().get(list)) return noList();
    bool found = false;
    for (auto field : list) {
        std::string_view key;
        if (field.unescaped_key().get(key)) return noList();
        if (key == "metadata") {
            ondemand::object metadata;
            if (field.value().get_object().get(metadata)) return noList();
            for (auto member : metadata) {
                std::string_view name;
                if (member.unescaped_key().get(name)) return noList();
                if (name == "resourceVersion") page.resourceVersion = textOf(member.value());
                if (name == "continue") page.continueToken = textOf(member.value());
            }
        } else if (key == "items") {
            ondemand::array items;
            found = true;
            if (field.value().get_array().get(items)) continue;  // null: none
            for (auto item : items) {
                std::string_view raw;
                ondemand::object object;
                if (item.get_object().get(object) || object.raw_json().get(raw)) return noList();
                page.items.push_back(raw);
            }
        }
    }
    if (!found) return noList();
    return page;
}

Result<std::vector<std::string>> namesOf(const std::string& list) {
    auto page = ListPage::parse(list);
    if (!page) return fail(std::move(page).error());
    std::vector<std::string> names;
    for (auto item : page->items) {
        auto object = nlohmann::json::parse(item, nullptr, false);
        if (object.is_object()) names.push_back(object.value("/metadata/name"_json_pointer, std::string()));
    }
    return names;
}

std::string withType(const Kind& kind, std::string_view item) {
    auto inside = item.substr(1);
    std::string whole;
    bool typed = inside.starts_with("\"apiVersion\"") || inside.starts_with("\"kind\"");
    whole.reserve(item.size() + 64);
    if (typed)
        whole = item;
    else
        whole.append("{\"apiVersion\":\"")
            .append(kind.apiVersion)
            .append("\",\"kind\":\"")
            .append(kind.kind)
            .append("\",")
            .append(inside);
    // Only blanks between the members can be line breaks: those of texts are escaped.
    std::ranges::replace(whole, '\n', ' ');
    std::ranges::replace(whole, '\r', ' ');
    return whole;
}

}  // namespace klaw::backup
