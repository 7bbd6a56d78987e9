#include "agent/deliver/action_buttons.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace klaw::deliver {
namespace {

constexpr std::size_t mostButtons = 4;

/// What the incident is about, or a Pod of it that fails.
enum class About { Owner, Pod };

struct Known {
    std::string_view action, en, zh;
    std::string_view kinds;  ///< of the object it works on, each between blanks
    About about = About::Owner;
};

constexpr std::string_view anyKind = "*";

constexpr std::array<Known, 11> knownActions{{
    {"rollback", "Roll back", "回滚", " Deployment StatefulSet DaemonSet "},
    {"restart", "Restart", "重启", " Deployment StatefulSet DaemonSet "},
    {"pause", "Pause rollout", "暂停发布", " Deployment "},
    {"run", "Run now", "立即运行", " CronJob "},
    {"suspend", "Suspend", "挂起", " CronJob "},
    {"cordon", "Cordon", "封锁节点", " Node "},
    {"delete", "Delete Pod", "删除 Pod", " Pod "},
    {"logs", "Logs", "日志", " Pod ", About::Pod},
    {"describe", "Describe", "详情",
     " Pod Deployment StatefulSet DaemonSet Job CronJob Node Namespace PersistentVolumeClaim HorizontalPodAutoscaler "},
    {"top", "Usage", "用量", " Pod Deployment StatefulSet DaemonSet Job Node "},
    {"events", "Events", "事件", anyKind},
}};

/// Names of Kubernetes need no quotes in a command; whatever is none gets no button.
bool isPlain(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

std::string lowered(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// The first Pod that still fails.
const rules::ObjectRef* podOf(const rules::Incident& incident) {
    for (const auto& alert : incident.alerts)
        if (alert.state() == rules::AlertState::Firing && alert.object.kind == "Pod") return &alert.object;
    return nullptr;
}

/// What the command is given before its options.
std::string argumentOf(std::string_view action, const rules::ObjectRef& object) {
    if (action == "logs") return " " + object.name;
    if (action == "top") return object.ns.empty() ? " nodes" : " pods";
    return action == "events" ? "" : " " + lowered(object.kind) + "/" + object.name;
}

bool reads(std::string_view action) {
    return action == "logs" || action == "describe" || action == "top" || action == "events";
}

std::string commandOf(const Known& known, const rules::ObjectRef& object, const rules::Incident& incident) {
    auto command = std::string(known.action) + argumentOf(known.action, object);
    if (!object.ns.empty()) command += " -n " + object.ns;
    // Events about what has no namespace are kept in this one.
    if (object.ns.empty() && known.action == "events") command += " -n default";
    if (isPlain(incident.cluster)) command += " --cluster " + incident.cluster;
    if (reads(known.action)) return command;
    command += " --alert " + incident.id;
    return isPlain(object.uid) ? command + " --expect " + object.uid : command;
}

/// A cluster as a whole has no kind and no name: what its nodes use can be looked at.
bool fits(const Known& known, const rules::ObjectRef& object) {
    if (object.kind.empty()) return known.action == "top";
    bool ofKind = known.kinds == anyKind || known.kinds.find(" " + object.kind + " ") != known.kinds.npos;
    return ofKind && isPlain(object.name) && (object.ns.empty() || isPlain(object.ns));
}

bool wants(const rules::Incident& incident, std::string_view action) {
    return std::ranges::any_of(incident.alerts, [&](const rules::Alert& alert) {
        return std::ranges::find(alert.actions, action) != alert.actions.end();
    });
}

}  // namespace

std::string actionCommand(const rules::Incident& incident, std::string_view action) {
    auto known = std::ranges::find(knownActions, action, &Known::action);
    if (known == knownActions.end()) return {};
    const auto* object = known->about == About::Pod ? podOf(incident) : &incident.owner;
    return object && fits(*known, *object) ? commandOf(*known, *object, incident) : std::string();
}

std::vector<notifiers::CardButton> actionButtons(const rules::Incident& incident, const std::string& language) {
    std::vector<notifiers::CardButton> buttons;
    for (const auto& known : knownActions) {
        if (buttons.size() == mostButtons || !wants(incident, known.action)) continue;
        const auto* object = known.about == About::Pod ? podOf(incident) : &incident.owner;
        if (!object || !fits(known, *object)) continue;
        notifiers::CardButton button;
        button.label = language.starts_with("zh") ? known.zh : known.en;
        button.verb = known.action;
        button.command = commandOf(known, *object, incident);
        buttons.push_back(std::move(button));
    }
    return buttons;
}

}  // namespace klaw::deliver
