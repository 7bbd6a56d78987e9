#include "storage/json_codec.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace klaw::storage {
namespace {

using Json = nlohmann::ordered_json;

// fieldsOf visits every stored field of a value with its name; writing and reading share the one list.

template <class Visit>
void fieldsOf(Visit& v, rules::LocalizedText& t) {
    v("en", t.en);
    v("zh", t.zh);
}
template <class Visit>
void fieldsOf(Visit& v, rules::ObjectRef& o) {
    v("cluster", o.cluster);
    v("resource", o.resource);
    v("kind", o.kind);
    v("ns", o.ns);
    v("name", o.name);
    v("uid", o.uid);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Mark& m) {
    v("by", m.by);
    v("at", m.at);
    v("comment", m.comment);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Matcher& m) {
    v("label", m.label);
    v("kind", m.kind);
    v("value", m.value);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Course& c) {
    v("values", c.values);
    v("least", c.least);
    v("greatest", c.greatest);
    v("from", c.from);
    v("to", c.to);
    v("bound", c.bound);
    v("unit", c.unit);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Alert& a) {
    v("fingerprint", a.fingerprint);
    v("rule", a.rule);
    v("origin", a.origin);
    v("cluster", a.cluster);
    v("labels", a.labels);
    v("severity", a.severity);
    v("title", a.title);
    v("description", a.description);
    v("runbook", a.runbook);
    v("object", a.object);
    v("owner", a.owner);
    v("node", a.node);
    v("element", a.element);
    v("actions", a.actions);
    v("enrich", a.enrich);
    v("notify", a.notify);
    v("ring", a.ring);
    v("course", a.course);
    v("facts", a.facts);
    v("activeAt", a.activeAt);
    v("firedAt", a.firedAt);
    v("resolvedAt", a.resolvedAt);
    v("updatedAt", a.updatedAt);
    v("keepPendingFor", a.keepPendingFor);
    v("startedBefore", a.startedBefore);
    v("count", a.count);
    v("occurrence", a.occurrence);
    v("occurredAt", a.occurredAt);
    v("progress", a.progress);
    v("noDataSince", a.noDataSince);
    v("flapping", a.flapping);
    v("ceasedAt", a.ceasedAt);
    v("firedBefore", a.firedBefore);
}
template <class Visit>
void fieldsOf(Visit& v, rules::RecentChange& c) {
    v("what", c.what);
    v("by", c.by);
    v("at", c.at);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Action& a) {
    v("id", a.id);
    v("mark", a.mark);
    v("what", a.what);
    v("state", a.state);
    v("result", a.result);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Diversion& d) {
    v("from", d.from);
    v("to", d.to);
}
template <class Visit>
void fieldsOf(Visit& v, rules::TimelineEvent& e) {
    v("at", e.at);
    v("object", e.object);
    v("type", e.type);
    v("reason", e.reason);
    v("message", e.message);
    v("count", e.count);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Findings& f) {
    v("at", f.at);
    v("skipped", f.skipped);
    v("ns", f.ns);
    v("pod", f.pod);
    v("container", f.container);
    v("previous", f.previous);
    v("logs", f.logs);
    v("logsTrouble", f.logsTrouble);
    v("events", f.events);
    v("eventsTrouble", f.eventsTrouble);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Incident& i) {
    v("id", i.id);
    v("group", i.group);
    v("rule", i.rule);
    v("cluster", i.cluster);
    v("owner", i.owner);
    v("labels", i.labels);
    v("severity", i.severity);
    v("title", i.title);
    v("firing", i.firing);
    v("total", i.total);
    v("openedAt", i.openedAt);
    v("resolvedAt", i.resolvedAt);
    v("updatedAt", i.updatedAt);
    v("acknowledged", i.acknowledged);
    v("assignee", i.assignee);
    v("assigned", i.assigned);
    v("comments", i.comments);
    v("silenced", i.silenced);
    v("silencedUntil", i.silencedUntil);
    v("inhibited", i.inhibited);
    v("toldAt", i.toldAt);
    v("waitsSince", i.waitsSince);
    v("escalated", i.escalated);
    v("diversions", i.diversions);
    v("startedBefore", i.startedBefore);
    v("changes", i.changes);
    v("dependents", i.dependents);
    v("actions", i.actions);
    v("findings", i.findings);
    v("revision", i.revision);
}
template <class Visit>
void fieldsOf(Visit& v, rules::Silence& s) {
    v("id", s.id);
    v("matchers", s.matchers);
    v("startsAt", s.startsAt);
    v("endsAt", s.endsAt);
    v("createdBy", s.createdBy);
    v("comment", s.comment);
}

template <class T>
inline constexpr bool isStructured =
    std::is_same_v<T, rules::LocalizedText> || std::is_same_v<T, rules::ObjectRef> || std::is_same_v<T, rules::Mark> ||
    std::is_same_v<T, rules::Matcher> || std::is_same_v<T, rules::RecentChange> || std::is_same_v<T, rules::Action> ||
    std::is_same_v<T, rules::Diversion> || std::is_same_v<T, rules::TimelineEvent> ||
    std::is_same_v<T, rules::Findings> || std::is_same_v<T, rules::Course>;

/// Enumerations and numbers are always written: their zero need not be what the field begins with.
template <class T>
inline constexpr bool isOmittedWhenEmpty = !std::is_enum_v<T> && (!std::is_arithmetic_v<T> || std::is_same_v<T, bool>);

constexpr int highest(rules::Severity) {
    return static_cast<int>(rules::Severity::Critical);
}
constexpr int highest(rules::Action::State) {
    return static_cast<int>(rules::Action::State::Failed);
}
constexpr int highest(rules::Ring) {
    return static_cast<int>(rules::Ring::Phone);
}
constexpr int highest(rules::Unit) {
    return static_cast<int>(rules::Unit::Seconds);
}
constexpr int highest(rules::Matcher::Kind) {
    return static_cast<int>(rules::Matcher::Kind::NotMatches);
}

class JsonWriter {
public:
    template <class T>
    void operator()(const char* name, T& value) {
        if constexpr (isOmittedWhenEmpty<T>)
            if (value == T{}) return;
        out_[name] = encoded(value);
    }
    Json take() { return std::move(out_); }

    template <class T>
    static Json encoded(T& value) {
        if constexpr (std::is_enum_v<T>)
            return static_cast<int>(value);
        else if constexpr (std::is_same_v<T, TimePoint>)
            return toUnixNanos(value);
        else if constexpr (std::is_same_v<T, Duration>)
            return value.count();
        else if constexpr (isStructured<T>) {
            JsonWriter inner;
            fieldsOf(inner, value);
            return inner.take();
        } else
            return value;
    }
    template <class T>
    static Json encoded(std::optional<T>& value) {
        return value ? encoded(*value) : Json();
    }
    template <class T>
        requires isStructured<T>
    static Json encoded(std::vector<T>& values) {
        Json list = Json::array();
        for (auto& value : values) list.push_back(encoded(value));
        return list;
    }

    static Json encoded(std::vector<TimePoint>& values) {
        Json list = Json::array();
        for (auto& value : values) list.push_back(encoded(value));
        return list;
    }

private:
    Json out_ = Json::object();
};

/// Throws nlohmann's exceptions on wrong types, std::out_of_range on values that this version does not know.
class JsonReader {
public:
    explicit JsonReader(const Json& in) : in_(in) {}
    template <class T>
    void operator()(const char* name, T& value) {
        if (auto found = in_.find(name); found != in_.end()) decode(*found, value);
    }

private:
    template <class T>
    static T enumerator(std::int64_t number) {
        if (number < 0 || number > highest(T{})) throw std::out_of_range("unknown value " + std::to_string(number));
        return static_cast<T>(number);
    }
    template <class T>
    static void decode(const Json& json, T& value) {
        if constexpr (std::is_enum_v<T>)
            value = enumerator<T>(json.get<std::int64_t>());
        else if constexpr (std::is_same_v<T, TimePoint>)
            value = fromUnixNanos(json.get<std::int64_t>());
        else if constexpr (std::is_same_v<T, Duration>)
            value = Duration(json.get<std::int64_t>());
        else if constexpr (isStructured<T>) {
            JsonReader inner(json);
            fieldsOf(inner, value);
        } else
            value = json.get<T>();
    }
    template <class T>
    static void decode(const Json& json, std::optional<T>& value) {
        decode(json, value.emplace());
    }
    template <class T>
        requires isStructured<T>
    static void decode(const Json& json, std::vector<T>& values) {
        for (const auto& item : json) decode(item, values.emplace_back());
    }
    static void decode(const Json& json, std::vector<TimePoint>& values) {
        for (const auto& item : json) decode(item, values.emplace_back());
    }

    const Json& in_;
};

template <class T>
std::string written(T value) {
    JsonWriter writer;
    fieldsOf(writer, value);
    return writer.take().dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
Result<T> readFrom(std::string_view text, std::string_view what) {
    T value;
    try {
        auto json = Json::parse(text);
        JsonReader reader(json);
        fieldsOf(reader, value);
        return value;
    } catch (const std::exception& broken) {
        return fail(ErrorCode::DataLoss, "a stored " + std::string(what) + " cannot be read: " + broken.what());
    }
}

}  // namespace

std::string toJson(const rules::Alert& alert) {
    return written(alert);
}
std::string toJson(const rules::Incident& incident) {
    return written(incident);
}
std::string toJson(const rules::Silence& silence) {
    return written(silence);
}

Result<rules::Alert> alertFromJson(std::string_view json) {
    return readFrom<rules::Alert>(json, "alert");
}
Result<rules::Incident> incidentFromJson(std::string_view json) {
    return readFrom<rules::Incident>(json, "incident");
}
Result<rules::Silence> silenceFromJson(std::string_view json) {
    return readFrom<rules::Silence>(json, "silence");
}

}  // namespace klaw::storage
