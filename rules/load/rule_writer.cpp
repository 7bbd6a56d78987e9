#include "rules/load/rule_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace klaw::rules {
namespace {

bool isControl(unsigned char c) {
    return c < 0x20 || c == 0x7f;
}

/// Whether YAML reads the text back as it stands, in a block.
bool isPlain(std::string_view text) {
    constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@` ~";
    bool null = text == "null" || text == "Null" || text == "NULL";
    return !text.empty() && !null && indicators.find(text.front()) == std::string_view::npos && text.back() != ' ' &&
           text.back() != ':' && text.find(": ") == std::string_view::npos &&
           text.find(" #") == std::string_view::npos && std::ranges::none_of(text, isControl);
}

std::string quoted(std::string_view text) {
    if (std::ranges::none_of(text, isControl)) {
        std::string out = "'";
        for (char c : text) out += c == '\'' ? "''" : std::string(1, c);
        return out + "'";
    }
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else if (isControl(static_cast<unsigned char>(c)))
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out + "\"";
}

std::string scalar(std::string_view text) {
    return isPlain(text) ? std::string(text) : quoted(text);
}

/// Within brackets or as a key.
std::string word(std::string_view text) {
    bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
    }) && text.front() != '-';
    return plain ? std::string(text) : quoted(text);
}

std::string list(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + word(item);
    return "[" + out + "]";
}

std::vector<std::string> valuesOf(const std::vector<Text>& texts) {
    std::vector<std::string> values;
    for (const auto& text : texts) values.push_back(text.value);
    return values;
}

std::string_view nameOf(EventScope scope) {
    switch (scope) {
        case EventScope::InvolvedObject:
            return "involvedObject";
        case EventScope::Namespace:
            return "namespace";
        case EventScope::Node:
            return "node";
        case EventScope::Reason:
            return "reason";
    }
    return "";
}

class Writer {
public:
    std::string write(const RuleSpec& spec) {
        line("alert", spec.name.value);
        if (!spec.group.empty()) line("group", spec.group);
        subject(spec);
        condition(spec);
        life(spec);
        texts("labels", spec.labels);
        texts("facts", spec.facts);
        localized("title", spec.title);
        localized("description", spec.description);
        localized("runbook", spec.runbook);
        names("enrich", spec.enrich);
        names("actions", spec.actions);
        names("notify", spec.notify);
        if (spec.ring != Ring::None) line("ring", std::string(toString(spec.ring)));
        names("group_by", spec.groupBy);
        inhibitors(spec.inhibitedBy);
        out_[2] = '-';
        return std::move(out_);
    }

private:
    static constexpr std::string_view indent = "    ";

    void raw(std::string_view key, std::string_view value) { out_ += fmt::format("{}{}: {}\n", indent, key, value); }
    void line(std::string_view key, std::string_view value) { raw(key, scalar(value)); }
    void text(std::string_view key, const std::optional<Text>& value) {
        if (value) line(key, value->value);
    }
    void names(std::string_view key, const std::vector<std::string>& values) {
        if (!values.empty()) raw(key, list(values));
    }
    void duration(std::string_view key, Duration value) {
        if (value != Duration{}) raw(key, formatDuration(value));
    }

    void subject(const RuleSpec& spec) {
        auto resources = valuesOf(spec.resources);
        if (resources.size() == 1)
            line("resource", resources.front());
        else
            names("resource", resources);
        if (spec.eventAt) event(spec.event);
        text("metric", spec.metric);
        text("promql", spec.promql);
    }

    void event(const EventSelector& selector) {
        std::string fields;
        auto add = [&](std::string_view key, const std::string& value) {
            fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", key, value);
        };
        if (!selector.type.empty()) add("type", word(selector.type));
        if (!selector.reasons.empty()) add("reason", list(selector.reasons));
        if (!selector.involvedKinds.empty()) add("involvedKind", list(selector.involvedKinds));
        raw("event", "{" + fields + "}");
    }

    void condition(const RuleSpec& spec) {
        text("each", spec.each);
        text("when", spec.when);
        text("since", spec.since);
        text("not_before", spec.notBefore);
        text("occurrence", spec.occurrence);
        text("wait_anew", spec.waitAnew);
        text("threshold", spec.threshold);
        text("clear", spec.clear);
        text("absent", spec.absent);
        text("every", spec.every);
        std::vector<std::string> scopes;
        for (auto scope : spec.per) scopes.emplace_back(nameOf(scope));
        if (spec.perAt) names("per", scopes);
    }

    void life(const RuleSpec& spec) {
        raw("severity", toString(spec.severity));
        duration("for", spec.holdFor);
        duration("lookback", spec.lookback);
        duration("keep_firing_for", spec.keepFiringFor);
        if (!spec.enabled) raw("enabled", "false");
    }

    void texts(std::string_view key, const std::map<std::string, Text>& values) {
        if (values.empty()) return;
        out_ += fmt::format("{}{}:\n", indent, key);
        for (const auto& [name, value] : values)
            out_ += fmt::format("{}  {}: {}\n", indent, word(name), scalar(value.value));
    }

    void localized(std::string_view key, const LocalizedSpec& value) {
        if (!value.en && !value.zh) return;
        out_ += fmt::format("{}{}:\n", indent, key);
        if (value.en) out_ += fmt::format("{}  en: {}\n", indent, scalar(value.en->value));
        if (value.zh) out_ += fmt::format("{}  zh: {}\n", indent, scalar(value.zh->value));
    }

    void inhibitors(const std::vector<Inhibitor>& values) {
        if (values.empty()) return;
        out_ += fmt::format("{}inhibited_by:\n", indent);
        for (const auto& inhibitor : values)
            out_ +=
                fmt::format("{}  - {{alert: {}, equal: {}}}\n", indent, word(inhibitor.alert), list(inhibitor.equal));
    }

    std::string out_;
};

}  // namespace

std::string writeRule(const RuleSpec& spec) {
    return Writer().write(spec);
}

std::string ruleFileOf(std::string_view items) {
    return "rules:\n" + std::string(items);
}

}  // namespace klaw::rules
