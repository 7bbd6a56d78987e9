#include <nlohmann/json.hpp>

#include "base/text/utf8.hpp"
#include "notifiers/card.hpp"

namespace klaw::notifiers {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kKindNames[] = {"text", "code", "rows"};
constexpr std::string_view kStyleNames[] = {"default", "primary", "danger"};

void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}

void put(Json& json, const char* name, const std::optional<TimePoint>& value) {
    if (value) json[name] = formatRfc3339(*value);
}

void put(Json& json, const char* name, TimePoint value) {
    if (value != TimePoint{}) json[name] = formatRfc3339(value);
}

void put(Json& json, const char* name, bool value) {
    if (value) json[name] = true;
}

void put(Json& json, const char* name, std::uint64_t value) {
    if (value != 0) json[name] = value;
}

Json write(const std::string& text) {
    return text;
}

Json write(const CardFact& fact) {
    return Json{{"name", fact.name}, {"value", fact.value}};
}

Json write(const CardAffected& item) {
    Json json{{"name", item.name}};
    put(json, "detail", item.detail);
    put(json, "since", item.since);
    return json;
}

Json write(const CardMark& mark) {
    Json json{{"by", mark.by}};
    put(json, "at", mark.at);
    put(json, "until", mark.until);
    put(json, "comment", mark.comment);
    return json;
}

Json write(const CardMention& mention) {
    Json json{{"id", mention.id}};
    put(json, "name", mention.name);
    return json;
}

Json write(const CardLink& link) {
    return Json{{"label", link.label}, {"url", link.url}};
}

template <class T>
void put(Json& json, const char* name, const std::vector<T>& values);

Json write(const CardInput& input) {
    Json json{{"name", input.name}, {"label", input.label}};
    put(json, "options", input.options);
    return json;
}

Json write(const CardButton& button) {
    Json json{{"label", button.label}, {"verb", button.verb}};
    json["style"] = kStyleNames[static_cast<std::size_t>(button.style)];
    put(json, "url", button.url);
    put(json, "command", button.command);
    put(json, "nonce", button.nonce);
    put(json, "confirm", button.confirm);
    put(json, "inputs", button.inputs);
    return json;
}

template <class T>
void put(Json& json, const char* name, const std::vector<T>& values) {
    if (values.empty()) return;
    auto& list = json[name] = Json::array();
    for (const auto& value : values) list.push_back(write(value));
}

void put(Json& json, const char* name, const std::vector<CardSection>& sections) {
    if (sections.empty()) return;
    auto& list = json[name] = Json::array();
    for (const auto& section : sections) {
        Json item{{"heading", section.heading}};
        item["kind"] = kKindNames[static_cast<std::size_t>(section.kind)];
        put(item, "keepEnd", section.keepEnd);
        put(item, "lines", section.lines);
        list.push_back(std::move(item));
    }
}

void put(Json& json, const char* name, const std::optional<CardMark>& mark) {
    if (mark) json[name] = write(*mark);
}

void put(Json& json, const char* name, const std::optional<CardChart>& chart) {
    if (!chart) return;
    Json item{{"title", chart->title}, {"values", chart->values}, {"bound", chart->bound}};
    put(item, "unit", chart->unit);
    put(item, "blocks", chart->blocks);
    put(item, "least", chart->least);
    put(item, "greatest", chart->greatest);
    put(item, "threshold", chart->threshold);
    put(item, "from", chart->from);
    put(item, "to", chart->to);
    json[name] = std::move(item);
}

void put(Json& json, const char* name, const CardFooter& footer) {
    Json item = Json::object();
    put(item, "rule", footer.rule);
    put(item, "incident", footer.incident);
    put(item, "startedBefore", footer.startedBefore);
    put(item, "notes", footer.notes);
    if (!item.empty()) json[name] = std::move(item);
}

void put(Json& json, const char* name, const std::optional<CardReply>& reply) {
    if (!reply) return;
    Json item{{"chat", reply->chat}};
    put(item, "message", reply->message);
    put(item, "webhook", reply->webhook);
    put(item, "webhookUntil", reply->webhookUntil);
    put(item, "person", reply->person);
    put(item, "living", reply->living);
    json[name] = std::move(item);
}

Json write(const Card& card) {
    Json json{{"id", card.id}};
    json["status"] = toString(card.status);
    json["severity"] = rules::toString(card.severity);
    put(json, "title", card.title);
    put(json, "subtitle", card.subtitle);
    put(json, "facts", card.facts);
    put(json, "affected", card.affected);
    put(json, "more", std::uint64_t(card.more));
    put(json, "chart", card.chart);
    put(json, "sections", card.sections);
    put(json, "assignee", card.assignee);
    put(json, "acknowledged", card.acknowledged);
    put(json, "silenced", card.silenced);
    put(json, "footer", card.footer);
    put(json, "links", card.links);
    put(json, "buttons", card.buttons);
    put(json, "restUrl", card.restUrl);
    put(json, "restCommand", card.restCommand);
    put(json, "language", card.language);
    if (card.utcOffsetMinutes != 0) json["utcOffsetMinutes"] = card.utcOffsetMinutes;
    put(json, "openedAt", card.openedAt);
    put(json, "resolvedAt", card.resolvedAt);
    put(json, "updatedAt", card.updatedAt);
    put(json, "revision", card.revision);
    put(json, "reply", card.reply);
    put(json, "mentions", card.mentions);
    put(json, "ring", std::string(rules::toString(card.ring)));
    return json;
}

/// Reads one object; the first field of a wrong type is remembered in `problem` and everything goes on.
class Reader {
public:
    Reader(const Json& json, std::string& problem) : json_(json), problem_(problem) {
        if (!json.is_object()) complain("object");
    }

    void read(const char* name, std::string& into) const {
        if (auto* value = find(name, &Json::is_string)) into = value->get<std::string>();
    }
    void read(const char* name, bool& into) const {
        if (auto* value = find(name, &Json::is_boolean)) into = value->get<bool>();
    }
    template <class Integer>
    void readNumber(const char* name, Integer& into) const {
        if (auto* value = find(name, &Json::is_number_integer)) into = value->get<Integer>();
    }
    void read(const char* name, std::optional<TimePoint>& into) const { readName(name, into, parseRfc3339); }
    void read(const char* name, TimePoint& into) const { readName(name, into, parseRfc3339); }
    template <class T>
    void read(const char* name, std::vector<T>& into) const {
        auto* value = find(name, &Json::is_array);
        if (value == nullptr) return;
        for (const auto& item : *value) into.push_back(element<T>(item));
    }
    void read(const char* name, std::optional<CardMark>& into) const {
        if (auto* value = find(name, &Json::is_object)) into = element<CardMark>(*value);
    }
    void read(const char* name, std::optional<CardReply>& into) const {
        if (auto* value = find(name, &Json::is_object)) into = element<CardReply>(*value);
    }
    void read(const char* name, std::optional<CardChart>& into) const {
        if (auto* value = find(name, &Json::is_object)) into = element<CardChart>(*value);
    }
    void read(const char* name, double& into) const {
        if (auto* value = find(name, &Json::is_number)) into = value->get<double>();
    }
    void read(const char* name, CardFooter& into) const {
        if (auto* value = find(name, &Json::is_object)) into = element<CardFooter>(*value);
    }
    /// A text that stands for something: `fromString` gives an optional.
    template <class T, class FromString>
    void readName(const char* name, T& into, FromString fromString) const {
        std::string text;
        read(name, text);
        if (text.empty()) return;
        auto known = fromString(text);
        if (!known) return complain(name);
        into = *known;
    }

private:
    void complain(std::string_view name) const {
        if (problem_.empty()) problem_ = "field `" + std::string(name) + "` of a card has a wrong type or value";
    }
    /// The field when it is there and of the right type; complains when only the type is wrong.
    const Json* find(const char* name, bool (Json::*hasType)() const noexcept) const {
        if (!json_.is_object()) return nullptr;
        auto found = json_.find(name);
        if (found == json_.end() || found->is_null()) return nullptr;
        if (((*found).*hasType)()) return &*found;
        complain(name);
        return nullptr;
    }
    template <class T>
    T element(const Json& item) const;

    const Json& json_;
    std::string& problem_;
};

void fill(const Reader& from, CardFact& fact) {
    from.read("name", fact.name);
    from.read("value", fact.value);
}

void fill(const Reader& from, CardAffected& item) {
    from.read("name", item.name);
    from.read("detail", item.detail);
    from.read("since", item.since);
}

std::optional<CardSection::Kind> sectionKind(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kKindNames); ++i)
        if (kKindNames[i] == text) return static_cast<CardSection::Kind>(i);
    return std::nullopt;
}

void fill(const Reader& from, CardSection& section) {
    from.read("heading", section.heading);
    from.readName("kind", section.kind, sectionKind);
    from.read("keepEnd", section.keepEnd);
    from.read("lines", section.lines);
}

void fill(const Reader& from, CardMark& mark) {
    from.read("by", mark.by);
    from.read("at", mark.at);
    from.read("until", mark.until);
    from.read("comment", mark.comment);
}

void fill(const Reader& from, CardChart& chart) {
    from.read("title", chart.title);
    from.read("values", chart.values);
    from.read("bound", chart.bound);
    from.read("unit", chart.unit);
    from.read("blocks", chart.blocks);
    from.read("least", chart.least);
    from.read("greatest", chart.greatest);
    from.read("threshold", chart.threshold);
    from.read("from", chart.from);
    from.read("to", chart.to);
}

void fill(const Reader& from, CardReply& reply) {
    from.read("chat", reply.chat);
    from.read("message", reply.message);
    from.read("webhook", reply.webhook);
    from.read("webhookUntil", reply.webhookUntil);
    from.read("person", reply.person);
    from.read("living", reply.living);
}

void fill(const Reader& from, CardFooter& footer) {
    from.read("rule", footer.rule);
    from.read("incident", footer.incident);
    from.read("startedBefore", footer.startedBefore);
    from.read("notes", footer.notes);
}

void fill(const Reader& from, CardMention& mention) {
    from.read("id", mention.id);
    from.read("name", mention.name);
}

void fill(const Reader& from, CardLink& link) {
    from.read("label", link.label);
    from.read("url", link.url);
}

std::optional<CardButton::Style> buttonStyle(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kStyleNames); ++i)
        if (kStyleNames[i] == text) return static_cast<CardButton::Style>(i);
    return std::nullopt;
}

void fill(const Reader& from, CardInput& input) {
    from.read("name", input.name);
    from.read("label", input.label);
    from.read("options", input.options);
}

void fill(const Reader& from, CardButton& button) {
    from.read("label", button.label);
    from.read("verb", button.verb);
    from.readName("style", button.style, buttonStyle);
    from.read("url", button.url);
    from.read("command", button.command);
    from.read("nonce", button.nonce);
    from.read("confirm", button.confirm);
    from.read("inputs", button.inputs);
}

template <class T>
T Reader::element(const Json& item) const {
    T value;
    fill(Reader(item, problem_), value);
    return value;
}

template <>
std::string Reader::element<std::string>(const Json& item) const {
    if (!item.is_string()) complain("list of texts");
    return item.is_string() ? item.get<std::string>() : std::string();
}

template <>
double Reader::element<double>(const Json& item) const {
    if (!item.is_number()) complain("list of numbers");
    return item.is_number() ? item.get<double>() : 0;
}

void fill(const Reader& from, Card& card) {
    from.read("id", card.id);
    from.readName("status", card.status, cardStatusFromString);
    from.readName("severity", card.severity, rules::severityFromString);
    from.read("title", card.title);
    from.read("subtitle", card.subtitle);
    from.read("facts", card.facts);
    from.read("affected", card.affected);
    from.readNumber("more", card.more);
    from.read("chart", card.chart);
    from.read("sections", card.sections);
    from.read("assignee", card.assignee);
    from.read("acknowledged", card.acknowledged);
    from.read("silenced", card.silenced);
    from.read("footer", card.footer);
    from.read("links", card.links);
    from.read("buttons", card.buttons);
    from.read("restUrl", card.restUrl);
    from.read("restCommand", card.restCommand);
    from.read("language", card.language);
    from.readNumber("utcOffsetMinutes", card.utcOffsetMinutes);
    from.read("openedAt", card.openedAt);
    from.read("resolvedAt", card.resolvedAt);
    from.read("updatedAt", card.updatedAt);
    from.readNumber("revision", card.revision);
    from.read("reply", card.reply);
    from.read("mentions", card.mentions);
    from.readName("ring", card.ring, rules::ringFromString);
}

}  // namespace

std::string toJson(const Card& card) {
    return write(card).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string toPrettyJson(const Card& card) {
    return write(card).dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<Card> cardFromJson(std::string_view text) {
    auto json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return fail(ErrorCode::InvalidArgument, "a card is not valid JSON");
    Card card;
    std::string problem;
    fill(Reader(json, problem), card);
    if (!problem.empty()) return fail(ErrorCode::InvalidArgument, problem);
    if (card.id.empty()) return fail(ErrorCode::InvalidArgument, "a card has no id");
    return card;
}

}  // namespace klaw::notifiers
