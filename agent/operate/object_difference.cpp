#include "agent/operate/object_difference.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "agent/operate/secret_values.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t mostLines = 40, longestValue = 200;

/// Elements by their names where all have one, else by position.
std::string nameOf(const Json& element, std::size_t index) {
    bool named = element.is_object() && element.contains("name") && element["name"].is_string();
    return named ? element["name"].get<std::string>() : std::to_string(index);
}

class Comparison {
public:
    explicit Comparison(bool hidesValues) : hidesValues_(hidesValues) {}

    void compare(const std::string& path, const Json& before, const Json& after) {
        if (before == after) return;
        if (before.is_object() && after.is_object()) return compareMembers(path, before, after);
        if (before.is_array() && after.is_array()) return compareElements(path, before, after);
        lines_.push_back(path + ": " + shown(path, before) + " → " + shown(path, after));
    }

    std::vector<std::string> take() {
        if (lines_.size() > mostLines) {
            auto more = lines_.size() - mostLines;
            lines_.resize(mostLines);
            lines_.push_back("… +" + std::to_string(more));
        }
        return std::move(lines_);
    }

private:
    void compareMembers(const std::string& path, const Json& before, const Json& after) {
        std::set<std::string> names;
        for (const auto& [name, value] : before.items()) names.insert(name);
        for (const auto& [name, value] : after.items()) names.insert(name);
        bool secretValue = namesSecretValue(before) || namesSecretValue(after);
        for (const auto& name : names) {
            auto from = before.value(name, Json()), to = after.value(name, Json());
            auto at = path.empty() ? name : path + "." + name;
            bool hidden = (name == "value" && secretValue) || isSecret(name, from) || isSecret(name, to);
            hidden ? compareHidden(at, from, to) : compare(at, from, to);
        }
    }

    void compareElements(const std::string& path, const Json& before, const Json& after) {
        std::map<std::string, std::pair<Json, Json>> byName;
        std::set<std::string> secret;  // words behind `--password`
        auto hides = [](const Json& list, std::size_t i) {
            return i > 0 && list[i].is_string() && asksForSecret(list[i - 1]);
        };
        for (std::size_t i = 0; i < before.size(); ++i) {
            byName[nameOf(before[i], i)].first = before[i];
            if (hides(before, i)) secret.insert(nameOf(before[i], i));
        }
        for (std::size_t i = 0; i < after.size(); ++i) {
            byName[nameOf(after[i], i)].second = after[i];
            if (hides(after, i)) secret.insert(nameOf(after[i], i));
        }
        for (const auto& [name, pair] : byName) {
            auto at = path + "[" + name + "]";
            secret.contains(name) ? compareHidden(at, pair.first, pair.second) : compare(at, pair.first, pair.second);
        }
    }

    static bool isSecret(const std::string& key, const Json& value) {
        return value.is_string() && namesSecret(key, value.get_ref<const std::string&>());
    }
    void compareHidden(const std::string& path, const Json& before, const Json& after) {
        auto text = [](const Json& value) { return value.is_null() ? "-" : "***"; };
        if (before != after) lines_.push_back(path + ": " + text(before) + " → " + text(after));
    }

    std::string shown(const std::string& path, Json value) const {
        if (value.is_null()) return "-";
        maskSecretValues(value);
        if (hidesValues_ && (path.starts_with("data") || path.starts_with("stringData"))) return "***";
        auto text =
            value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
        return truncateUtf8(maskSecrets(text), longestValue);
    }

    bool hidesValues_;
    std::vector<std::string> lines_;
};

Json comparable(const std::string& text) {
    auto object = Json::parse(text, nullptr, false);
    if (!object.is_object()) return Json::object();
    object.erase("status");
    if (auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object())
        for (const char* own : {"managedFields", "resourceVersion", "generation"}) metadata->erase(own);
    Json::json_pointer annotations("/metadata/annotations");
    bool annotated = object.contains(annotations) && object[annotations].is_object();
    if (annotated) object[annotations].erase("kubectl.kubernetes.io/last-applied-configuration");  // the object again
    return object;
}

}  // namespace

std::vector<std::string> differences(const std::string& before, const std::string& after) {
    auto from = comparable(before), to = comparable(after);
    auto isSecret = [](const Json& object) { return object.contains("kind") && object["kind"] == "Secret"; };
    Comparison comparison(isSecret(from) || isSecret(to));
    comparison.compare({}, from, to);
    return comparison.take();
}

}  // namespace klaw::operate
