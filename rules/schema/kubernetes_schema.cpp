#include "rules/schema/kubernetes_schema.hpp"

#include <map>
#include <memory>
#include <span>
#include <utility>

#include "base/embedded.hpp"

namespace klaw {
std::span<const EmbeddedFile> kubernetesSchema();
}

namespace klaw::rules {
namespace {

using cel::Type;

std::string_view takeLine(std::string_view& text) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
}

/// "spec", "apps.DeploymentSpec" of "spec apps.DeploymentSpec".
std::pair<std::string_view, std::string_view> split(std::string_view line) {
    auto space = line.find(' ');
    return {line.substr(0, space), line.substr(space + 1)};
}

class Schema;

/// One of the schema's types; reads its lines when it is asked.
class SchemaType : public cel::ObjectType {
public:
    SchemaType(const Schema& schema, std::string_view name, std::string_view lines)
        : schema_(schema), name_(name), lines_(lines) {}
    std::string_view name() const override { return name_.substr(name_.find('.') + 1); }
    std::string_view version() const override;
    std::optional<Type> field(std::string_view name) const override;
    std::vector<std::string_view> fieldNames() const override;

private:
    const Schema& schema_;
    std::string_view name_;   ///< "apps.Deployment"
    std::string_view lines_;  ///< "  spec apps.DeploymentSpec"
};

/// The file that test/cel/schema writes.
class Schema {
public:
    Schema(const Schema&) = delete;
    explicit Schema(std::string_view text) {
        while (!text.empty()) {
            auto line = takeLine(text);
            auto [word, rest] = split(line);
            if (word == "version")
                version_ = "Kubernetes " + std::string(rest);
            else if (word == "resource")
                resources_.insert(split(rest));
            else if (word != "#")
                types_.emplace(line, std::make_unique<SchemaType>(*this, line, takeFields(text)));
        }
    }
    const std::string& version() const { return version_; }
    Type ofResource(std::string_view resource) const {
        auto found = resources_.find(resource);
        return found == resources_.end() ? Type() : named(found->second);
    }
    Type named(std::string_view type) const { return Type::object({types_.at(type).get()}); }

private:
    static std::string_view takeFields(std::string_view& text) {
        const auto* begin = text.data();
        while (text.starts_with(' ')) takeLine(text);
        return {begin, static_cast<std::size_t>(text.data() - begin)};
    }

    std::string version_;
    std::map<std::string_view, std::string_view> resources_;  ///< and their types
    std::map<std::string_view, std::unique_ptr<SchemaType>> types_;
};

std::string_view SchemaType::version() const {
    return schema_.version();
}

std::optional<Type> SchemaType::field(std::string_view name) const {
    for (auto lines = lines_; !lines.empty();) {
        auto [field, type] = split(takeLine(lines).substr(2));
        if (field == name) return cel::parseTypes(type, [&](auto other) { return schema_.named(other); }).front();
    }
    return std::nullopt;
}

std::vector<std::string_view> SchemaType::fieldNames() const {
    std::vector<std::string_view> names;
    for (auto lines = lines_; !lines.empty();) names.push_back(split(takeLine(lines).substr(2)).first);
    return names;
}

}  // namespace

Type objectType(std::string_view resource) {
    static const Schema schema(kubernetesSchema().front().bytes);
    return schema.ofResource(resource);
}

Type objectTypeOfAny(const std::vector<std::string>& resources) {
    std::vector<const cel::ObjectType*> alternatives;
    for (const auto& resource : resources) {
        auto type = objectType(resource);
        if (!type.isObject()) return {};
        alternatives.push_back(type.objects.front());
    }
    return alternatives.empty() ? Type() : Type::object(std::move(alternatives));
}

}  // namespace klaw::rules
