#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/table.hpp"
#include "base/text/secrets.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

constexpr Duration longestSilence = 30 * 24h;

bool isChinese(const Caller& caller) {
    return caller.language.starts_with("zh");
}

std::string placeOf(const rules::ObjectRef& object) {
    auto kind = object.kind.empty() ? object.resource : object.kind;
    return (object.ns.empty() ? "" : object.ns + "/") + (kind.empty() ? "" : kind + "/") + object.name;
}

std::string stateOf(const rules::Incident& incident, const Caller& caller) {
    auto status = incident.silenced       ? notifiers::CardStatus::Silenced
                  : incident.acknowledged ? notifiers::CardStatus::Acknowledged
                                          : notifiers::CardStatus::Firing;
    return std::string(notifiers::statusWord(status, caller.language));
}

std::string describe(const Control& control, const Caller& caller, const rules::Incident& incident) {
    std::string text = incident.title.in(caller.language) + "\n";
    auto line = [&](std::string_view en, std::string_view zh, const std::string& value) {
        if (!value.empty()) text += "  " + std::string(isChinese(caller) ? zh : en) + ": " + value + "\n";
    };
    line("id", "编号", incident.id);
    line("state", "状态",
         stateOf(incident, caller) + ", " + std::string(notifiers::severityWord(incident.severity, caller.language)));
    line("where", "位置", incident.cluster + " " + placeOf(incident.owner));
    line("rule", "规则", incident.rule);
    line("since", "开始", notifiers::localTime(incident.openedAt, control.utcOffsetMinutes()));
    line("firing", "告警中", std::to_string(incident.firing) + " / " + std::to_string(incident.total));
    if (incident.acknowledged)
        line("acknowledged by", "认领人", incident.acknowledged->by + " " + incident.acknowledged->comment);
    line("assigned to", "负责人", incident.assignee);
    if (incident.silencedUntil)
        line("silenced until", "静默至", notifiers::localTime(*incident.silencedUntil, control.utcOffsetMinutes()));
    if (incident.inhibited)
        line("kept quiet by", "被抑制于", incident.inhibited->by + ": " + incident.inhibited->comment);
    for (const auto& action : incident.actions)
        line("done", "处理", action.mark.by + ": " + action.what + (action.result.empty() ? "" : ", " + action.result));
    for (const auto& each : incident.comments) line("comment", "评论", each.by + ": " + each.comment);
    for (const auto& alert : incident.alerts) {
        text += "  - " + placeOf(alert.object) + (alert.element.empty() ? "" : " " + alert.element);
        for (const auto& [name, value] : alert.facts)
            if (!value.empty()) text += ", " + name + " " + value;
        text += "\n";
    }
    return maskSecrets(text);
}

/// The ledger: what was tried, when, with which answer.
Result<Output> listDeliveries(const Control& control, const Caller& caller, const std::string& id) {
    auto deliveries = control.deliveries(id);
    if (!deliveries) return fail(std::move(deliveries).error());
    std::vector<std::vector<std::string>> rows;
    auto time = [&](TimePoint at) { return notifiers::localTime(at, control.utcOffsetMinutes()); };
    for (const auto& delivery : *deliveries) {
        if (delivery.attempts.empty())
            rows.push_back({delivery.channel, delivery.reason, delivery.state, "-", time(delivery.createdAt), "-", ""});
        for (const auto& attempt : delivery.attempts) {
            auto milliseconds = [](Duration latency) { return fmt::format("{:.1f}ms", latency / 1.0ms); };
            auto answer = attempt.outcome + (attempt.code.empty() ? "" : " " + attempt.code) +
                          (attempt.text.empty() ? "" : ": " + attempt.text);
            rows.push_back({delivery.channel, delivery.reason, delivery.state, std::to_string(attempt.number),
                            time(attempt.startedAt), attempt.latency ? milliseconds(*attempt.latency) : "-", answer});
        }
    }
    if (rows.empty()) return isChinese(caller) ? "没有发送记录。\n" : "Nothing was sent about it.\n";
    Table table{{{"CHANNEL", "渠道"},
                 {"REASON", "原因"},
                 {"STATE", "状态"},
                 {"ATTEMPT", "次数"},
                 {"AT", "时间"},
                 {"TOOK", "耗时"},
                 {"ANSWER", "结果"}},
                std::move(rows)};
    return Output(std::move(table), caller.language);
}

Result<Output> listAlerts(Control& control, const Caller& caller, const CommandLine& line) {
    if (!line.arguments.empty()) {
        bool ledger = line.arguments.front() == "deliveries" || line.arguments.front() == "发送记录";
        if (ledger && line.arguments.size() < 2)
            return fail(ErrorCode::InvalidArgument, "alerts deliveries needs the id of an alert", {},
                        "`alerts` lists them");
        if (ledger) return listDeliveries(control, caller, line.arguments[1]);
        auto id = control.resolveIncident(line.arguments.front());
        if (!id) return fail(std::move(id).error());
        return describe(control, caller, *control.incident(*id));
    }
    std::vector<const rules::Incident*> open;
    auto cluster = line.option("cluster"), ns = line.option("namespace");
    control.forEachIncident([&](const rules::Incident& incident) {
        if ((!cluster || incident.cluster == *cluster) && (!ns || incident.owner.ns == *ns)) open.push_back(&incident);
    });
    if (open.empty()) return isChinese(caller) ? "没有正在告警的问题。\n" : "Nothing is firing.\n";
    std::sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
        return std::tuple(-static_cast<int>(a->severity), a->openedAt, a->id) <
               std::tuple(-static_cast<int>(b->severity), b->openedAt, b->id);
    });
    std::vector<std::vector<std::string>> rows;
    for (const auto* incident : open)
        rows.push_back({incident->id, std::string(notifiers::severityWord(incident->severity, caller.language)),
                        stateOf(*incident, caller), notifiers::roughly(control.now() - incident->openedAt),
                        std::to_string(incident->firing), incident->cluster, placeOf(incident->owner),
                        incident->title.in(caller.language)});
    Table table{{{"ID", "编号"},
                 {"SEVERITY", "级别"},
                 {"STATE", "状态"},
                 {"AGE", "持续"},
                 {"COUNT", "数量"},
                 {"CLUSTER", "集群"},
                 {"OBJECT", "对象"},
                 {"TITLE", "标题"}},
                std::move(rows)};
    return Output(std::move(table), caller.language);
}

rules::Mark markOf(const Control& control, const Caller& caller, const CommandLine& line) {
    return {caller.shownName(), control.now(), line.option("comment").value_or("")};
}

Result<const rules::Incident*> namedIncident(const Control& control, const CommandLine& line) {
    if (line.arguments.empty())
        return fail(ErrorCode::InvalidArgument, line.verb + " needs the id of an alert", {}, "`alerts` lists them");
    auto id = control.resolveIncident(line.arguments.front());
    if (!id) return fail(std::move(id).error());
    return control.incident(*id);
}

Result<std::string> previewAcknowledge(const Control& control, const Caller& caller, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return fail(std::move(incident).error());
    const auto& title = (*incident)->title.in(caller.language);
    return isChinese(caller) ? "认领「" + title + "」，其他人会看到由你处理。"
                             : "Takes \"" + title + "\" as yours; its card will say so.";
}

Result<Output> acknowledge(Control& control, const Caller& caller, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return fail(std::move(incident).error());
    auto id = (*incident)->id;
    auto title = (*incident)->title.in(caller.language);
    if (auto done = control.acknowledge(id, markOf(control, caller, line)); !done) return fail(std::move(done).error());
    return (isChinese(caller) ? "已认领：" : "Acknowledged: ") + title + " (" + id + ")\n";
}

Result<Output> unacknowledge(Control& control, const Caller& caller, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return fail(std::move(incident).error());
    auto id = (*incident)->id;
    if (auto done = control.unacknowledge(id, markOf(control, caller, line)); !done)
        return fail(std::move(done).error());
    return (isChinese(caller) ? "已取消认领：" : "No longer acknowledged: ") + id + "\n";
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string text;
    for (auto i = from; i < words.size(); ++i) text += (text.empty() ? "" : " ") + words[i];
    return text;
}

Result<Output> assign(Control& control, const Caller& caller, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return fail(std::move(incident).error());
    auto person = joined(line.arguments, 1);
    if (person.empty())
        return fail(ErrorCode::InvalidArgument, "assign needs a person", {}, "for example: assign 3f9a ann");
    auto id = (*incident)->id;
    auto title = (*incident)->title.in(caller.language);
    if (auto done = control.assign(id, person, markOf(control, caller, line)); !done)
        return fail(std::move(done).error());
    return isChinese(caller) ? "已指派「" + title + "」给 " + person + "（" + id + "）\n"
                             : "Assigned \"" + title + "\" to " + person + " (" + id + ")\n";
}

Result<Output> comment(Control& control, const Caller& caller, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return fail(std::move(incident).error());
    auto mark = markOf(control, caller, line);
    mark.comment = joined(line.arguments, 1);
    if (mark.comment.empty())
        return fail(ErrorCode::InvalidArgument, "comment needs a text", {}, "for example: comment 3f9a rolled back");
    auto id = (*incident)->id;
    if (auto done = control.comment(id, mark); !done) return fail(std::move(done).error());
    return std::string(isChinese(caller) ? "已评论：" : "Commented: ") + id + "\n";
}

/// What a silence command means: an alert by id, or matchers as in Alertmanager (`rule=…`, `namespace=~"shop-.*"`).
struct SilenceOrder {
    std::vector<rules::Matcher> matchers;
    Duration length = 2h;
    std::string what;
};

std::optional<rules::Matcher> parseMatcher(const std::string& text) {
    static constexpr std::pair<std::string_view, rules::Matcher::Kind> signs[] = {
        {"=~", rules::Matcher::Kind::Matches},
        {"!~", rules::Matcher::Kind::NotMatches},
        {"!=", rules::Matcher::Kind::NotEqual},
        {"=", rules::Matcher::Kind::Equal}};
    for (const auto& [sign, kind] : signs) {
        auto at = text.find(sign);
        if (at == std::string::npos || at == 0) continue;
        rules::Matcher matcher;
        matcher.label = text.substr(0, at);
        matcher.kind = kind;
        matcher.value = text.substr(at + sign.size());
        return matcher;
    }
    return std::nullopt;
}

std::vector<rules::Matcher> matchersOf(const rules::Incident& incident) {
    // Several rules may share an alertname: one of them is meant.
    const auto* name = incident.labels.contains("alertname") ? "rule" : "alertname";
    std::vector<rules::Matcher> matchers{{name, rules::Matcher::Kind::Equal, incident.rule},
                                         {"cluster", rules::Matcher::Kind::Equal, incident.cluster}};
    for (const auto& [label, value] : incident.labels) matchers.push_back({label, rules::Matcher::Kind::Equal, value});
    return matchers;
}

Result<SilenceOrder> readSilence(const Control& control, const Caller& caller, const CommandLine& line) {
    SilenceOrder order;
    for (const auto& argument : line.arguments) {
        if (auto matcher = parseMatcher(argument)) {
            order.matchers.push_back(std::move(*matcher));
        } else if (auto length = parseDuration(argument)) {
            order.length = *length;
        } else {
            auto id = control.resolveIncident(argument);
            if (!id) return fail(std::move(id).error());
            const auto* incident = control.incident(*id);
            for (auto& each : matchersOf(*incident)) order.matchers.push_back(std::move(each));
            order.what = incident->title.in(caller.language);
        }
    }
    if (order.matchers.empty())
        return fail(ErrorCode::InvalidArgument,
                    "silence needs the id of an alert or a condition such as rule=PodCrashLooping", {},
                    "`alerts` lists the open alerts");
    if (order.length <= Duration::zero() || order.length > longestSilence)
        return fail(ErrorCode::InvalidArgument, "a silence lasts more than nothing and at most 30 days", {},
                    "for example: silence 3f9a 2h");
    if (!order.what.empty()) return order;
    for (const auto& matcher : order.matchers)
        order.what += (order.what.empty() ? "" : ", ") + matcher.label + " " + matcher.value;
    return order;
}

/// "prod-alerts", with why where it does not stand there.
std::string placesOf(const Control& control, const Caller& caller, const rules::Silence& silence) {
    std::string places;
    for (const auto& copy : control.silenceCopies(silence)) {
        places += (places.empty() ? "" : ", ") + copy.alertmanager;
        if (copy.copied) continue;
        std::string_view state =
            isChinese(caller) ? (copy.refused ? "未同步" : "同步中") : (copy.refused ? "not copied" : "being copied");
        places.append(" (").append(state).append(copy.reason.empty() ? "" : ": ").append(copy.reason).append(")");
    }
    return places;
}

/// What waits at Alertmanagers that do not answer; also of silences that have ended and are not listed.
std::string alertmanagerTroubles(const Control& control, const Caller& caller) {
    std::string text;
    for (const auto& each : control.alertmanagers()) {
        if (each.lastError.empty()) continue;
        auto waiting = std::to_string(each.waiting);
        text += isChinese(caller) ? "Alertmanager " + each.name + " 尚有 " + waiting + " 条静默未同步，将继续重试："
                                  : "Alertmanager " + each.name + " does not follow yet, " + waiting +
                                        " silence(s) wait and are tried again: ";
        text += each.lastError + "\n";
    }
    return text;
}

Output listSilences(const Control& control, const Caller& caller) {
    std::vector<std::vector<std::string>> rows;
    bool copied = !control.alertmanagers().empty();
    for (const auto& silence : control.activeSilences()) {
        std::string what;
        for (const auto& matcher : silence.matchers)
            what += (what.empty() ? "" : " ") + matcher.label + "=" + matcher.value;
        rows.push_back({silence.id, notifiers::localTime(silence.endsAt, control.utcOffsetMinutes()), silence.createdBy,
                        what, silence.comment});
        if (copied) rows.back().push_back(placesOf(control, caller, silence));
    }
    auto troubles = alertmanagerTroubles(control, caller);
    if (rows.empty()) return (isChinese(caller) ? "没有静默。\n" : "Nothing is silenced.\n") + troubles;
    Table table{{{"ID", "编号"}, {"UNTIL", "截止"}, {"BY", "创建人"}, {"WHAT", "条件"}, {"COMMENT", "备注"}},
                std::move(rows)};
    if (copied) table.columns.push_back({"ALERTMANAGER", "Alertmanager"});
    return Output(std::move(table), caller.language, troubles);
}

/// `silence list`, `silence extend ID 2h`, `silence expire ID`.
enum class SilencePart { New, List, Extend, Expire };

SilencePart silencePartOf(const CommandLine& line) {
    if (line.arguments.empty()) return SilencePart::List;
    const auto& word = line.arguments.front();
    if (word == "list" || word == "列表") return SilencePart::List;
    if (word == "extend" || word == "延长") return SilencePart::Extend;
    if (word == "expire" || word == "结束") return SilencePart::Expire;
    return SilencePart::New;
}

bool changesSilences(const CommandLine& line) {
    return silencePartOf(line) != SilencePart::List;
}

/// By conditions it may be about more than one thinks of.
bool confirmsSilence(const CommandLine& line) {
    return silencePartOf(line) == SilencePart::New &&
           std::ranges::any_of(line.arguments, [](const auto& word) { return parseMatcher(word).has_value(); });
}

Result<std::string> previewSilence(const Control& control, const Caller& caller, const CommandLine& line) {
    if (silencePartOf(line) != SilencePart::New) return std::string();
    auto order = readSilence(control, caller, line);
    if (!order) return fail(std::move(order).error());
    auto reach = control.reachOf(order->matchers);
    if (!reach) return fail(std::move(reach).error());
    auto length = formatDuration(order->length);
    auto now = std::to_string(reach->firing), lately = std::to_string(reach->lately);
    return isChinese(caller) ? "静默「" + order->what + "」" + length + "，期间不再发送卡片。当前匹配 " + now +
                                   " 条告警，过去 24 小时 " + lately + " 条。"
                             : "Silences \"" + order->what + "\" for " + length + ": no cards meanwhile. Matches " +
                                   now + " active, " + lately + " of the last 24h.";
}

Result<rules::Silence> namedSilence(const Control& control, const CommandLine& line) {
    if (line.arguments.size() < 2)
        return fail(ErrorCode::InvalidArgument, "silence " + line.arguments.front() + " needs the id of a silence", {},
                    "`silence list` lists them");
    for (const auto& silence : control.activeSilences())
        if (line.arguments[1].size() >= 3 && silence.id.starts_with(line.arguments[1])) return silence;
    return fail(ErrorCode::NotFound, "no silence has the id \"" + line.arguments[1] + "\"", {},
                "`silence list` lists them");
}

Result<Output> extendSilence(Control& control, const Caller& caller, const CommandLine& line) {
    auto silence = namedSilence(control, line);
    if (!silence) return fail(std::move(silence).error());
    auto by = line.arguments.size() > 2 ? parseDuration(line.arguments[2]) : std::optional<Duration>(2h);
    if (!by || *by <= Duration::zero() || silence->endsAt + *by - control.now() > longestSilence)
        return fail(ErrorCode::InvalidArgument, "a silence lasts at most 30 days from now", {},
                    "for example: silence extend " + silence->id + " 2h");
    auto made =
        control.silence(silence->matchers, silence->endsAt + *by - control.now(), markOf(control, caller, line));
    if (!made) return fail(std::move(made).error());
    auto until = notifiers::localTime(made->endsAt, control.utcOffsetMinutes());
    return Output(isChinese(caller) ? "静默延长至 " + until + "\n" : "Silenced until " + until + "\n");
}

Result<Output> silence(Control& control, const Caller& caller, const CommandLine& line) {
    auto part = silencePartOf(line);
    if (part == SilencePart::List) return listSilences(control, caller);
    if (part == SilencePart::Extend) return extendSilence(control, caller, line);
    if (part == SilencePart::Expire) {
        auto named = namedSilence(control, line);
        if (!named) return fail(std::move(named).error());
        if (auto done = control.endSilence(named->id, markOf(control, caller, line)); !done)
            return fail(std::move(done).error());
        return std::string(isChinese(caller) ? "静默已结束。\n" : "The silence has ended.\n");
    }
    auto order = readSilence(control, caller, line);
    if (!order) return fail(std::move(order).error());
    auto made = control.silence(std::move(order->matchers), order->length, markOf(control, caller, line));
    if (!made) return fail(std::move(made).error());
    auto until = notifiers::localTime(made->endsAt, control.utcOffsetMinutes());
    return isChinese(caller) ? "已静默「" + order->what + "」至 " + until + "（编号 " + made->id + "）\n"
                             : "Silenced \"" + order->what + "\" until " + until + " (silence " + made->id + ")\n";
}

Result<Output> unsilence(Control& control, const Caller& caller, const CommandLine& line) {
    if (line.arguments.empty())
        return fail(ErrorCode::InvalidArgument, "unsilence needs the id of a silence", {}, "`silence` lists them");
    if (auto done = control.endSilence(line.arguments.front(), markOf(control, caller, line)); !done)
        return fail(std::move(done).error());
    return std::string(isChinese(caller) ? "静默已结束。\n" : "The silence has ended.\n");
}

std::optional<access::Place> placeOfIncident(const Control& control, const CommandLine& line) {
    auto incident = namedIncident(control, line);
    if (!incident) return std::nullopt;
    return access::Place{(*incident)->cluster, (*incident)->owner.ns, {}, {}, false};
}

/// Where alerts are that these matchers hold for; nothing where that is not one place.
std::optional<access::Place> placeOfMatchers(const std::vector<rules::Matcher>& matchers) {
    access::Place place;
    for (const auto& matcher : matchers) {
        if (matcher.kind != rules::Matcher::Kind::Equal) continue;
        if (matcher.label == "cluster") place.cluster = matcher.value;
        if (matcher.label == "namespace") place.ns = matcher.value;
    }
    return place.cluster.empty() ? std::nullopt : std::optional(std::move(place));
}

std::optional<access::Place> placeOfSilence(const Control& control, const CommandLine& line) {
    if (silencePartOf(line) == SilencePart::New) {
        auto order = readSilence(control, {}, line);
        return order ? placeOfMatchers(order->matchers) : std::nullopt;
    }
    auto known = namedSilence(control, line);
    return known ? placeOfMatchers(known->matchers) : std::nullopt;
}

std::optional<access::Place> placeOfUnsilence(const Control& control, const CommandLine& line) {
    auto named = line;
    named.arguments.insert(named.arguments.begin(), "expire");
    return placeOfSilence(control, named);
}

std::vector<Verb> withPlaces(std::vector<Verb> verbs) {
    for (auto& verb : verbs) {
        if (verb.name == "ack" || verb.name == "unack") verb.place = placeOfIncident;
        if (verb.name == "silence") verb.place = placeOfSilence;
        if (verb.name == "unsilence") verb.place = placeOfUnsilence;
    }
    return verbs;
}

}  // namespace

std::vector<Verb> alertVerbs() {
    return withPlaces({
        {"alerts",
         {"告警", "alert"},
         "alerts [ID | deliveries ID] [-n NAMESPACE] [--grep TEXT] [--cluster CLUSTER]",
         {"Lists what is wrong now, one of it in full, or what was sent about it",
          "列出当前告警，查看某一条，或查看其发送记录"},
         nullptr,
         nullptr,
         listAlerts,
         nullptr,
         "alerts",
         nullptr,
         nullptr,
         false,
         {"namespace", "cluster", "grep"}},
        {"ack",
         {"认领", "acknowledge"},
         "ack ID [--comment TEXT]",
         {"Takes an alert as yours", "认领一条告警"},
         withArguments,
         previewAcknowledge,
         acknowledge,
         nullptr,
         "alerts",
         nullptr,
         nullptr,
         false,
         {"comment"}},
        {"unack",
         {"取消认领"},
         "unack ID",
         {"Gives an acknowledged alert back", "取消认领"},
         withArguments,
         nullptr,
         unacknowledge,
         nullptr,
         "alerts",
         nullptr,
         nullptr,
         false,
         {"comment"}},
        {"assign",
         {"指派", "分配"},
         "assign ID PERSON",
         {"Gives an alert to somebody, who is called by name", "把一条告警指派给某人，并提及对方"},
         withArguments,
         nullptr,
         assign},
        {"comment",
         {"评论", "备注"},
         "comment ID TEXT",
         {"Writes something about an alert onto its card", "在告警卡片上留言"},
         withArguments,
         nullptr,
         comment},
        {"silence",
         {"静默", "silences"},
         "silence [list | ID | LABEL=VALUE… | extend ID | expire ID] [DURATION] [--comment TEXT]",
         {"Keeps cards of an alert back for a while; alone: lists silences",
          "在一段时间内不再发送；不带参数时列出静默"},
         changesSilences,
         previewSilence,
         silence,
         nullptr,
         "alerts",
         confirmsSilence,
         nullptr,
         false,
         {"comment", "yes"}},
        {"unsilence",
         {"取消静默"},
         "unsilence ID",
         {"Ends a silence", "结束静默"},
         withArguments,
         nullptr,
         unsilence,
         nullptr,
         "alerts",
         nullptr,
         nullptr,
         false,
         {"comment"}},
    });
}

}  // namespace klaw::operate
