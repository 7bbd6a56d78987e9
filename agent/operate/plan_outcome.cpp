#include "agent/operate/plan_outcome.hpp"

#include <algorithm>

#include "agent/operate/planned_object.hpp"
#include "agent/operate/recordable.hpp"
#include "base/digest.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

std::string digested(const std::string& text) {
    return "sha256:" + sha256Hex(text);
}

/// Secrets among them are not kept.
Json withDigests(Json value) {
    if (value.is_string()) return digested(value.get<std::string>());
    if (value.is_structured())
        for (auto& child : value) child = withDigests(std::move(child));
    return value;
}

/// The server adds defaults to what it was given. Texts of `part` are digests.
bool contains(const Json& object, const Json& part) {
    if (part.is_object()) {
        if (!object.is_object()) return false;
        for (const auto& [name, value] : part.items())
            if (!object.contains(name) || !contains(object[name], value)) return false;
        return true;
    }
    if (part.is_array()) {
        if (!object.is_array() || object.size() != part.size()) return false;
        for (std::size_t i = 0; i < part.size(); ++i)
            if (!contains(object[i], part[i])) return false;
        return true;
    }
    if (object.is_string()) return part == digested(object.get<std::string>());
    return object == part;
}

/// What a JSON Patch brings about: its operations without the tests, with digests of texts.
std::string effectsOf(const std::string& body) {
    auto operations = Json::parse(body, nullptr, false);
    auto effects = Json::array();
    if (!operations.is_array()) return effects.dump();
    for (auto& operation : operations) {
        if (textAt(operation, "/op") == "test") continue;
        Json effect{{"op", textAt(operation, "/op")}, {"path", textAt(operation, "/path")}};
        if (operation.contains("value")) effect["value"] = withDigests(std::move(operation["value"]));
        effects.push_back(std::move(effect));
    }
    return effects.dump();
}

Json effectsOf(const Plan& plan) {
    return Json::parse(plan.effects.empty() ? effectsOf(plan.request.body) : plan.effects, nullptr, false);
}

bool patched(const Plan& plan, const Json& object) {
    if (valueAt(object, "/metadata/uid") != plan.uid) return false;
    for (const auto& effect : effectsOf(plan)) {
        const auto& now = valueAt(object, textAt(effect, "/path"));
        bool removes = textAt(effect, "/op") == "remove";
        if (removes ? !now.is_null() : !contains(now, valueAt(effect, "/value"))) return false;
    }
    return true;
}

/// Of the field manager that wrote last, other than the controllers' status.
std::string lastChange(const Json& object, TimePoint now) {
    std::string manager;
    TimePoint latest{};
    for (const auto& entry : valueAt(object, "/metadata/managedFields")) {
        if (!textAt(entry, "/subresource").empty()) continue;
        auto at = parseRfc3339(textAt(entry, "/time")).value_or(TimePoint());
        if (at < latest) continue;
        latest = at;
        manager = textAt(entry, "/manager");
    }
    if (manager.empty()) return {};
    return " by " + manager + " " + notifiers::roughly(std::max(Duration::zero(), now - latest)) + " ago";
}

void addTexts(const Json& value, std::vector<std::string>& texts) {
    if (value.is_structured())
        for (const auto& child : value) addTexts(child, texts);
    else if (value.is_string() && !value.get<std::string>().empty())
        texts.push_back(value.get<std::string>());
}

/// What a change of a Secret writes, as it is sent and as it is meant.
std::vector<std::string> valuesOf(const kube::ChangeRequest& request) {
    auto body = Json::parse(request.body, nullptr, false);
    std::vector<std::string> values;
    for (const char* of : {"/data", "/stringData"}) addTexts(valueAt(body, of), values);
    if (body.is_array())
        for (const auto& operation : body)
            if (textAt(operation, "/op") != "test") addTexts(valueAt(operation, "/value"), values);
    for (std::size_t i = 0, sent = values.size(); i < sent; ++i)
        if (auto meant = base64Decode(values[i]); meant && !meant->empty()) values.push_back(std::move(*meant));
    return values;
}

/// A refusal of the object itself quotes what it refuses, perhaps escaped or cut.
bool mayShowValues(const Plan& plan, const Error& error) {
    if (error.code == ErrorCode::InvalidArgument) return true;
    return std::ranges::any_of(valuesOf(plan.request), [&](const std::string& value) {
        return error.message.find(value) != std::string::npos;
    });
}

backup::RestoreOptions restoreOptionsFrom(const Json& json) {
    backup::RestoreOptions options;
    options.archive = textAt(json, "/archive");
    options.conflict = backup::conflictFromString(textAt(json, "/conflict")).value_or(backup::Conflict::Skip);
    const auto& namespaces = valueAt(json, "/namespaces");
    if (namespaces.is_object())
        for (const auto& [from, to] : namespaces.items())
            if (to.is_string()) options.namespaces.emplace(from, to.get<std::string>());
    options.unknownToo = valueAt(json, "/unknownToo") == true;
    for (const auto& kind : listAt(json, "/only"))
        if (kind.is_string()) options.only.push_back(kind.get<std::string>());
    return options;
}

}  // namespace

std::string appliedAt(const Json& object) {
    for (const auto& entry : valueAt(object, "/metadata/managedFields")) {
        bool own = textAt(entry, "/manager") == fieldManager && textAt(entry, "/operation") == "Apply";
        if (own) return textAt(entry, "/time");
    }
    return {};
}

Error explained(const Plan& plan, Error error) {
    if (plan.kind == "Secret" && mayShowValues(plan, error)) {
        auto code = error.message.substr(0, error.message.find_first_not_of("0123456789"));
        error.message = (code.empty() ? code : code + " ") +
                        "what the cluster says of it is not shown, as it may have a value of the Secret in it";
    }
    bool fields = error.code == ErrorCode::Conflict && plan.request.contentType == applyType &&
                  error.message.find("conflict with") != std::string::npos;
    if (fields) error.remedy = "--force-conflicts takes those fields over from whoever set them";
    return error;
}

bool isApplied(const Plan& plan, const Result<std::string>& evidence) {
    bool gone = !evidence && evidence.error().code == ErrorCode::NotFound;
    bool removes = plan.request.method == "DELETE" || plan.request.path.ends_with("/eviction");
    if (!evidence) return removes && gone;
    auto object = Json::parse(*evidence, nullptr, false);
    if (removes)
        return valueAt(object, "/metadata/uid") != plan.uid ||
               !valueAt(object, "/metadata/deletionTimestamp").is_null();
    if (plan.request.method == "POST") return object.is_object();
    if (plan.request.contentType == applyType) return appliedAt(object) != plan.appliedBefore;
    return patched(plan, object);
}

Result<void> stillExpected(const Plan& plan, const std::string& expectation, TimePoint now) {
    auto title = plan.title();
    auto at = expectation.find('@');
    if (expectation.starts_with("@") && !plan.uid.empty())
        return fail(ErrorCode::Conflict, title + " was made meanwhile", {}, "nothing was done; look at it first");
    if (expectation.substr(0, at) != plan.uid)
        return fail(ErrorCode::Conflict, title + " is another one now: it was deleted and made anew", {},
                    "nothing was done; look at the new one first");
    if (at == std::string::npos) return {};
    if (expectation.substr(at + 1) == plan.state) return {};
    auto object = Json::parse(plan.before, nullptr, false);
    return fail(ErrorCode::Conflict, title + " was changed since" + lastChange(object, now), {},
                "nothing was done; ask for it again to see what it would do now");
}

std::string expectationAfter(const Plan& plan, const std::string& answer) {
    auto object = Json::parse(answer, nullptr, false);
    if (plan.uid.empty()) return textAt(object, "/metadata/uid");
    if (valueAt(object, "/metadata/uid") != plan.uid) return {};
    std::vector<std::string> pointers;
    for (const auto& effect : effectsOf(plan)) pointers.push_back(textAt(effect, "/path"));
    return plan.uid + "@" + stateOf(object, pointers);
}

std::string toJson(const Plan& plan) {
    Json json{
        {"cluster", plan.cluster}, {"ns", plan.ns},           {"kind", plan.kind},        {"name", plan.name},
        {"path", plan.path},       {"uid", plan.uid},         {"state", plan.state},      {"summary", plan.summary},
        {"undo", plan.undo},       {"rollout", plan.rollout}, {"evidence", plan.evidence}};
    auto path = plan.request.path;
    if (plan.request.isExec()) path.resize(std::min(path.find('?'), path.size()));  // with the command as it is
    json["request"] = {{"method", plan.request.method}, {"path", path}, {"contentType", plan.request.contentType}};
    bool patches = plan.request.method == "PATCH" && plan.request.contentType != applyType;
    if (patches) json["effects"] = plan.effects.empty() ? effectsOf(plan.request.body) : plan.effects;
    json["permission"] = plan.permission;
    json["registers"] = plan.registers;
    json["appliedBefore"] = plan.appliedBefore;
    if (!plan.argv.empty()) json["argv"] = recordableArguments(plan.argv);
    json["container"] = plan.container;
    json["revealedKey"] = plan.revealedKey;
    if (plan.evictsFor)
        json["evictsForSeconds"] = std::chrono::duration_cast<std::chrono::seconds>(*plan.evictsFor).count();
    if (plan.restores) {  // what is touched is found in the archive again
        json["restores"] = {{"archive", plan.restores->archive},
                            {"namespaces", plan.restores->namespaces},
                            {"conflict", backup::toString(plan.restores->conflict)},
                            {"only", plan.restores->only},
                            {"unknownToo", plan.restores->unknownToo}};
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    for (const auto& part : plan.parts) json["parts"].push_back(Json::parse(toJson(part), nullptr, false));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Plan> planFromJson(const std::string& text) {
    auto json = Json::parse(text, nullptr, false);
    const auto& parts = valueAt(json, "/parts");
    const auto& restores = valueAt(json, "/restores");
    if (textAt(json, "/path").empty() && parts.empty() && !restores.is_object())
        return fail(ErrorCode::DataLoss, "a change that was under way cannot be read");
    Plan plan;
    plan.cluster = textAt(json, "/cluster");
    plan.ns = textAt(json, "/ns");
    plan.kind = textAt(json, "/kind");
    plan.name = textAt(json, "/name");
    plan.path = textAt(json, "/path");
    plan.uid = textAt(json, "/uid");
    plan.state = textAt(json, "/state");
    plan.summary = textAt(json, "/summary");
    plan.undo = textAt(json, "/undo");
    plan.rollout = valueAt(json, "/rollout") == true;
    plan.evidence = textAt(json, "/evidence");
    plan.request = {
        textAt(json, "/request/method"), textAt(json, "/request/path"), textAt(json, "/request/contentType"), {}};
    plan.effects = textAt(json, "/effects");
    plan.permission = textAt(json, "/permission");
    plan.registers = textAt(json, "/registers");
    plan.appliedBefore = textAt(json, "/appliedBefore");
    for (const auto& argument : listAt(json, "/argv"))
        if (argument.is_string()) plan.argv.push_back(argument.get<std::string>());
    plan.container = textAt(json, "/container");
    plan.revealedKey = textAt(json, "/revealedKey");
    if (restores.is_object()) plan.restores = restoreOptionsFrom(restores);
    const auto& seconds = valueAt(json, "/evictsForSeconds");
    if (seconds.is_number_integer()) plan.evictsFor = std::chrono::seconds(seconds.get<std::int64_t>());
    for (const auto& kept : parts) {
        auto part = planFromJson(kept.dump(-1, ' ', false, Json::error_handler_t::replace));
        if (!part) return part;
        plan.parts.push_back(std::move(*part));
    }
    return plan;
}

}  // namespace klaw::operate
