#include "rules/load/yaml_cursor.hpp"

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>

#include <charconv>
#include <set>
#include <sstream>

#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

Place placeOf(const YAML::Mark& mark, const std::shared_ptr<const SourceFile>& file) {
    return mark.is_null() ? Place{file, 1, 1} : Place{file, mark.line + 1, mark.column + 1};
}

/// yaml-cpp's recursion is bounded, but its answer to hostile nesting says nothing to a person.
constexpr std::size_t maxNesting = 100;

std::optional<Place> tooDeep(const std::shared_ptr<const SourceFile>& file) {
    std::size_t run = 0;
    for (std::size_t line = 0; line < file->lines.size(); ++line) {
        for (std::size_t i = 0; i < file->lines[line].size(); ++i) {
            char c = file->lines[line][i];
            if (c == '[' || c == '{' || (c == '-' && file->lines[line].substr(i, 2) == "- "))
                ++run;
            else if (c != ' ')
                run = 0;
            if (run > maxNesting) return Place{file, static_cast<int>(line) + 1, static_cast<int>(i) + 1};
        }
    }
    return std::nullopt;
}

/// Where the second document of the text begins. YAML::LoadAll goes on for ever with some malformed texts, which it
/// takes for documents without end.
class SecondDocument final : public YAML::EventHandler {
public:
    static std::optional<YAML::Mark> find(const std::string& text) {
        std::istringstream in(text);
        YAML::Parser parser(in);
        SecondDocument handler;
        while (handler.documents_ < 2 && parser.HandleNextDocument(handler)) continue;
        return handler.documents_ < 2 ? std::nullopt : std::optional(handler.at_);
    }

private:
    void OnDocumentStart(const YAML::Mark& mark) override {
        ++documents_;
        at_ = mark;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

    int documents_ = 0;
    YAML::Mark at_;
};

}  // namespace

YamlCursor::YamlCursor(const YAML::Node& node, std::shared_ptr<const SourceFile> file, Problems& problems,
                       std::shared_ptr<std::size_t> visited)
    : node_(node), problems_(&problems), visited_(std::move(visited)) {
    at_ = placeOf(node_.IsDefined() ? node_.Mark() : YAML::Mark::null_mark(), file);
}

std::optional<YamlCursor> YamlCursor::parse(const std::shared_ptr<const SourceFile>& file, const std::string& text,
                                            Problems& problems) {
    if (text.size() > maxBytes) {
        problems.error({file, 1, 1},
                       "the file has " + std::to_string(text.size()) + " bytes, more than the limit of " +
                           std::to_string(maxBytes),
                       "split it");
        return std::nullopt;
    }
    if (auto deep = tooDeep(file)) {
        problems.error(*deep, "nested more than " + std::to_string(maxNesting) + " levels deep");
        return std::nullopt;
    }
    try {
        if (auto second = SecondDocument::find(text)) {
            problems.error(placeOf(*second, file), "more than one YAML document in the file",
                           "put each document into a file of its own");
            return std::nullopt;
        }
        return YamlCursor(YAML::Load(text), file, problems, std::make_shared<std::size_t>(0));
    } catch (const YAML::Exception& error) {
        problems.error(placeOf(error.mark, file), "not well-formed YAML: " + error.msg);
        return std::nullopt;
    }
}

/// False, with one error, once more values have been visited than any honest file has.
bool YamlCursor::visit() const {
    if (++*visited_ == maxValues)
        error("more than " + std::to_string(maxValues) + " values", "look for aliases that repeat each other");
    return *visited_ < maxValues;
}

Text YamlCursor::text(std::string_view what) const {
    if (isScalar()) return {node_.Scalar(), at_};
    error(std::string(what) + ": expected a text");
    return {{}, at_};
}

std::optional<bool> YamlCursor::boolean(std::string_view what) const {
    if (isScalar() && node_.Scalar() == "true") return true;
    if (isScalar() && node_.Scalar() == "false") return false;
    error(std::string(what) + ": expected true or false");
    return std::nullopt;
}

std::optional<std::int64_t> YamlCursor::integer(std::string_view what) const {
    if (isScalar()) {
        std::int64_t value = 0;
        const auto& digits = node_.Scalar();
        auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (code == std::errc() && end == digits.data() + digits.size()) return value;
    }
    error(std::string(what) + ": expected a whole number");
    return std::nullopt;
}

std::vector<YamlCursor::Entry> YamlCursor::entries(std::string_view what) const {
    std::vector<Entry> out;
    if (!isMap()) {
        error(std::string(what) + ": expected a map");
        return out;
    }
    std::map<std::string, int, std::less<>> lines;
    for (const auto& pair : node_) {
        if (!visit()) break;
        auto key = child(pair.first).text(std::string(what) + ": key");
        auto [first, isNew] = lines.emplace(key.value, key.at.line);
        if (isNew)
            out.push_back({key, child(pair.second)});
        else
            problems_->error(key.at, "duplicate key \"" + key.value + "\"",
                             "it is already given in line " + std::to_string(first->second));
    }
    return out;
}

std::vector<YamlCursor> YamlCursor::items(std::string_view what) const {
    std::vector<YamlCursor> out;
    if (!isList()) {
        error(std::string(what) + ": expected a list");
        return out;
    }
    for (const auto& item : node_) {
        if (!visit()) break;
        out.push_back(child(item));
    }
    return out;
}

std::vector<Text> YamlCursor::texts(std::string_view what) const {
    if (isScalar()) return {text(what)};
    std::vector<Text> out;
    if (!isList()) {
        error(std::string(what) + ": expected a text or a list of texts");
        return out;
    }
    for (const auto& item : items(what)) out.push_back(item.text(what));
    return out;
}

void reportUnknownKey(const YamlCursor& map, const Text& key, std::string_view section,
                      const std::vector<std::string_view>& known) {
    std::string all = "known keys: ";
    for (auto name : known) all.append(all.ends_with(": ") ? "" : ", ").append(name);
    map.problems().error(key.at, "unknown key \"" + key.value + "\" in " + std::string(section),
                         didYouMean(nearest(key.value, known), all));
}

void reportDeprecatedKey(const YamlCursor& map, const Text& key, std::string_view section,
                         std::string_view replacedBy) {
    std::string now(replacedBy), what = "\"" + key.value + "\" in " + std::string(section);
    if (map.node()[now].IsDefined())
        map.problems().error(key.at, what + " is the old name of \"" + now + "\", which is given as well",
                             "keep \"" + now + "\"");
    else
        map.problems().warning(key.at, what + " is deprecated", "write \"" + now + "\" instead");
}

}  // namespace klaw::rules
