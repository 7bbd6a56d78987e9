#include "agent/app/mcp_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/deliver/button_offers.hpp"
#include "agent/mcp/safe_text.hpp"
#include "agent/operate/recordable.hpp"
#include "agent/operate/required_access.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/digest.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

using mcp::Outcome;
using mcp::Tool;

constexpr unsigned plansAnHour = 60, asksAnHour = 20;
constexpr std::size_t longestClaim = 100, longestResult = 300, longestWord = 4096, longestName = 63;
constexpr std::size_t mostReadings = 5;
/// A plan may have been somebody else's idea for so long after what they wrote was read.
constexpr Duration readingCounts = 10min;

std::string header(const net::ServerRequest& request, std::string_view name) {
    return std::string(request.headers.get(name).value_or(""));
}

std::string bearerOf(const net::ServerRequest& request) {
    constexpr std::string_view scheme = "Bearer ";
    auto given = header(request, "Authorization");
    return given.starts_with(scheme) ? given.substr(scheme.size()) : std::string();
}

/// As parsed, also where the verb has two words.
operate::CommandLine lineOf(std::string_view verb, const std::vector<std::string_view>& words) {
    operate::CommandLine line;
    line.verb = verb;
    line.arguments.assign(words.begin(), words.end());
    return line;
}

std::string cut(const std::string& text) {
    bool left = false;
    return mcp::shapedText(text, longestWord, false, left);
}

std::string_view stateOf(const McpPlan& plan) {
    switch (plan.state) {
        case McpPlan::State::Planned:
        case McpPlan::State::Asking:
        case McpPlan::State::Waiting:
            return "waiting";
        case McpPlan::State::Done:
            return "done";
        case McpPlan::State::Failed:
            return "failed";
        case McpPlan::State::Unknown:
            return "unknown";
    }
    return "unknown";
}

/// What a cluster can call something; nothing else of a program's words gets on a card.
bool isName(const std::string& text) {
    auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-./").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= longestName && std::ranges::all_of(text, fits);
}

/// "Logs pod/web-0 shop"
std::string readingOf(const Tool& tool, const mcp::Json& arguments) {
    std::string what(tool.title);
    for (const auto* name : {"kind", "name", "target", "namespace"})
        if (auto value = textAt(arguments, name); isName(value)) what += " " + value;
    return what;
}

/// Nothing where it is not known what came of the change.
std::optional<McpPlan::State> stateAfter(Became became) {
    switch (became) {
        case Became::Nothing:
            return std::nullopt;
        case Became::Waits:
        case Became::Goes:
            return McpPlan::State::Waiting;
        case Became::Done:
            return McpPlan::State::Done;
        case Became::Failed:
            return McpPlan::State::Failed;
        case Became::Unknown:
            return McpPlan::State::Unknown;
    }
    return std::nullopt;
}

void become(McpPlan& plan, const Answered& answer) {
    plan.word = (plan.by.empty() ? std::string() : plan.by + ": ") + answer.text;
    auto state = stateAfter(answer.became);
    if (!state) return;
    plan.begun = true;
    plan.state = *state;
}

}  // namespace

McpDesk::McpDesk(LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate, CommandDesk& commands,
                 People people, Record record)
    : clock_(clock),
      control_(control),
      gate_(gate),
      commands_(commands),
      people_(std::move(people)),
      record_(std::move(record)),
      plans_(random) {
    commands_.onPressed([this](const std::string& card, const operate::Caller& by, const Answered& answer) {
        pressed(card, by, answer);
    });
    commands_.setVoided([this](const std::string& card) { return voided(card); });
}

void McpDesk::follow(const McpConfig& config, std::string language) {
    config_ = config;
    language_ = std::move(language);
}

const McpPrincipalConfig* McpDesk::configOf(std::string_view name) const {
    auto found = std::ranges::find(config_.principals, name, &McpPrincipalConfig::name);
    return found == config_.principals.end() ? nullptr : &*found;
}

mcp::Principal McpDesk::principalOf(const McpPrincipalConfig& config) const {
    mcp::Principal principal;
    principal.name = config.name;
    principal.changes = config.changes;
    principal.caller.identity = config.identity;
    principal.caller.name = gate_.policy().nameOf(config.identity);
    principal.caller.language = language_;
    principal.caller.via = "mcp:" + config.name;
    return principal;
}

std::optional<mcp::Principal> McpDesk::identify(const net::ServerRequest& request, std::string_view ownToken) const {
    auto token = bearerOf(request);
    if (token.empty()) return std::nullopt;
    std::optional<mcp::Principal> principal;
    bool own = equalInConstantTime(token, ownToken);
    auto wanted = header(request, "Klaw-Principal");
    auto changes = header(request, "Klaw-Allow-Changes");
    for (const auto& each : config_.principals) {
        bool shown = equalInConstantTime(token, each.token);
        if (shown || (own && each.name == wanted)) principal = principalOf(each);
    }
    // Behind `klaw mcp` may be anybody who can write to a model: the rights of the data directory are not for them.
    if (own && wanted.empty() && config_.principals.size() == 1) principal = principalOf(config_.principals.front());
    if (own && wanted.empty() && config_.principals.empty()) {
        principal.emplace();
        auto user = truncateUtf8(mcp::safeLine(header(request, "Klaw-User")), longestClaim, "");
        principal->caller.identity = "local:" + (user.empty() ? std::string("mcp") : user);
        principal->caller.language = language_;
        principal->caller.via = "mcp";
        principal->changes = changes == "true";
    }
    if (!principal) return std::nullopt;
    if (changes == "false") principal->changes = false;
    auto claim = header(request, "Klaw-Client");
    if (claim.empty()) claim = header(request, "User-Agent");
    principal->caller.claim = truncateUtf8(mcp::safeLine(claim), longestClaim);
    return principal;
}

bool McpDesk::mayRead(const Tool& tool, const operate::Caller& caller) const {
    auto may = [&](std::string_view verb) {
        auto line = lineOf(verb, tool.words);
        auto request = operate::requiredAccess(control_, *operate::findVerb(verb), line, caller);
        return gate_.policy().allowsSomewhere(request, clock_.now());
    };
    if (!tool.verb.empty()) return may(tool.verb);
    return std::ranges::any_of(operate::resourceKinds(), [&](const auto& kind) { return may(kind.name); });
}

bool McpDesk::mayPlan(std::string_view verb, const operate::Caller& caller) const {
    const auto* found = operate::findVerb(verb);
    access::Request request{caller.identity,  caller.chat, std::string(verb), std::string(found->permission), {},
                            caller.membership};
    return gate_.policy().allowsSomewhere(request, clock_.now());
}

Task<mcp::Rights> McpDesk::rightsOf(mcp::Principal principal) {
    auto& caller = principal.caller;
    caller.membership = co_await people_.membership(caller.identity);
    mcp::Rights rights;
    if (principal.changes)
        for (auto verb : mcp::plannableVerbs())
            if (mayPlan(verb, caller)) rights.planned.push_back(verb);
    for (const auto& tool : mcp::tools()) {
        bool reads = tool.kind == Tool::Kind::Read;
        if (reads ? mayRead(tool, caller) : !rights.planned.empty()) rights.tools.push_back(&tool);
    }
    co_return rights;
}

Task<Outcome> McpDesk::call(mcp::Principal principal, const Tool& tool, mcp::Json arguments) {
    principal.caller.membership = co_await people_.membership(principal.caller.identity);
    if (tool.kind == Tool::Kind::Read) {
        auto command = mcp::commandOf(tool, arguments);
        if (!command) co_return Outcome::failing(command.error().describe());
        auto what = readingOf(tool, arguments);
        auto name = principal.name;
        auto outcome = co_await read(std::move(principal), tool, std::move(*command));
        bool others = outcome.ok && !at(outcome.content, "untrusted").empty();
        if (others) noteRead(name, std::move(what));
        co_return outcome;
    }
    std::string name(tool.name);
    if (!principal.changes)
        co_return co_await refused(principal, name, name,
                                   "this connection is read-only: `changes` of the principal, and --allow-changes of "
                                   "`klaw mcp`, are for administrators to set");
    if (tool.kind == Tool::Kind::Apply) {
        auto id = textAt(arguments, "plan");
        if (auto whole = mcp::commandOf(tool, arguments); !whole) co_return Outcome::failing(whole.error().describe());
        co_return co_await apply(std::move(principal), std::move(id));
    }
    auto command = mcp::changeOf(arguments, mcp::plannableVerbs());
    if (!command) co_return Outcome::failing(command.error().describe());
    co_return co_await plan(std::move(principal), std::move(*command));
}

Task<Answered> McpDesk::execute(const mcp::Principal& principal, const mcp::ToolCommand& command, Extent extent) {
    Asked asked;
    asked.caller = principal.caller;
    asked.membership = [this, identity = principal.caller.identity] { return people_.membership(identity); };
    asked.command = command.command;
    asked.attachment = command.document;
    asked.extent = extent;
    co_return co_await commands_.execute(std::move(asked));
}

Task<Outcome> McpDesk::read(mcp::Principal principal, const Tool& tool, mcp::ToolCommand command) {
    auto answered = co_await execute(principal, command, Extent::Read);
    if (!answered.ok) co_return Outcome::failing(answered.text);
    co_return Outcome::of(mcp::shaped(tool, command, answered.text));
}

void McpDesk::noteRead(const std::string& principal, std::string what) {
    auto& readings = readings_[principal];
    std::erase_if(readings, [&](const Reading& each) { return each.what == what; });
    readings.push_back({std::move(what), clock_.now()});
    if (readings.size() > mostReadings) readings.erase(readings.begin());
}

/// "Logs pod/web-0 shop; Events shop"
std::string McpDesk::lately(const std::string& principal) const {
    std::string text;
    auto known = readings_.find(principal);
    if (known == readings_.end()) return text;
    for (const auto& each : known->second)
        if (clock_.now() - each.at < readingCounts) text += (text.empty() ? "" : "; ") + each.what;
    return text;
}

bool McpDesk::within(std::map<std::string, net::TokenBucket>& buckets, unsigned anHour,
                     const mcp::Principal& principal) {
    return buckets.try_emplace(principal.name, anHour, 1h).first->second.tryTake(clock_.now());
}

Task<Outcome> McpDesk::plan(mcp::Principal principal, mcp::ToolCommand command) {
    auto shown = operate::shownCommand(command.command);
    if (!within(planned_, plansAnHour, principal))
        co_return co_await refused(principal, command.verb, shown, "this program has planned 60 changes in an hour");
    auto answered = co_await execute(principal, command, Extent::Preview);
    if (!answered.ok || answered.confirm.empty()) co_return Outcome::failing(answered.text);
    McpPlan made;
    made.principal = principal.name;
    made.caller = principal.caller;
    made.verb = command.verb;
    made.shown = std::move(shown);
    made.confirm = std::move(answered.confirm);
    made.text = std::move(answered.text);
    made.needs = std::move(answered.needs);
    made.reads = lately(principal.name);
    const auto& kept = plans_.add(std::move(made), clock_.now());
    mcp::Json content{{"plan", kept.id},
                      {"summary", cut(kept.text)},
                      {"needs", "change_apply, and a press on Klaw's own card by a person who may do it"},
                      {"expires", formatRfc3339(kept.until)}};
    content["untrusted"] = {"summary"};
    co_return Outcome::of(std::move(content));
}

Task<Outcome> McpDesk::apply(mcp::Principal principal, std::string id) {
    auto* plan = plans_.find(id, principal.name, clock_.now());
    if (!plan)
        co_return co_await refused(principal, "change_apply", "change_apply",
                                   "there is no such plan, or it has expired: make it again with change_plan");
    if (plan->state == McpPlan::State::Planned) co_return co_await ask(std::move(principal), std::move(id));
    co_return stateOutcome(*plan);
}

/// What they may have lost since they planned it.
Result<void> McpDesk::stillMay(const McpPlan& plan, const operate::Caller& caller) const {
    for (auto request : plan.needs) {
        request.identity = caller.identity;
        request.membership = caller.membership;
        auto decision = gate_.decide(request);
        if (!decision.allowed) return fail(ErrorCode::PermissionDenied, decision.reason);
    }
    return {};
}

/// Why nobody may confirm what a program has asked for: it could not ask for it now.
std::optional<std::string> McpDesk::voided(const std::string& card) {
    const auto* plan = plans_.ofCard(card);
    if (!plan) return std::nullopt;
    const auto* config = configOf(plan->principal);
    if (config && config->changes && config->identity == plan->caller.identity) return std::nullopt;
    return fmt::format(
        fmt::runtime(language_.starts_with("zh") ? "程序“{}”已不能申请变更：未执行任何操作"
                                                 : "the program \"{}\" may not ask for changes any more: "
                                                   "nothing was done"),
        plan->principal);
}

Task<Outcome> McpDesk::ask(mcp::Principal principal, std::string id) {
    auto& plan = *plans_.find(id);
    const auto verb = plan.verb, shown = plan.shown;
    if (!within(asked_, asksAnHour, principal))
        co_return co_await refused(principal, verb, shown, "this program has asked people for 20 changes in an hour");
    if (auto may = stillMay(plan, principal.caller); !may)
        co_return co_await refused(principal, verb, shown, may.error().message);
    const auto* config = configOf(principal.name);
    if (!config) {
        Error nobody(ErrorCode::NotFound, "nobody can be asked to confirm it", {},
                     "`mcp.principals` of the configuration says who is, and `klaw mcp --as NAME` which one this is");
        co_return co_await refused(principal, verb, shown, nobody.describe());
    }
    auto who = *config;
    auto card = McpPlans::cardOf(plan);
    auto asking = cardOf(plan);
    auto entry = entryOf(principal.caller, verb, "asked", shown, "card " + card);
    plan.state = McpPlan::State::Asking;
    plan.word = "Klaw's card is on its way to the people in charge.";
    auto out = co_await people_.ask(std::move(who), std::move(card), std::move(asking), std::move(entry));
    auto* known = plans_.find(id);
    if (known && known->state == McpPlan::State::Asking) {
        known->state = out ? McpPlan::State::Waiting : McpPlan::State::Planned;
        if (out) known->until = clock_.now() + deliver::confirmationLifetime;
        known->word =
            "Klaw's card is with the people in charge. Nothing is done until somebody who may presses Confirm on it.";
    }
    if (!out) co_return co_await refused(principal, verb, shown, out.error().describe());
    if (!known) co_return Outcome::failing("there are too many plans: the card says what becomes of this one");
    co_return stateOutcome(*known);
}

/// That nobody has pressed in time is no proof that nobody will: a card may have come late, and a press be under way.
Outcome McpDesk::stateOutcome(const McpPlan& plan) const {
    bool late = plan.state == McpPlan::State::Waiting && !plan.begun && clock_.now() >= plan.until;
    auto status = late ? std::string_view("unknown") : stateOf(plan);
    auto text = late ? "Nobody is known to have confirmed it in time: look at the card. " + plan.word : plan.word;
    mcp::Json content{{"plan", plan.id}, {"status", status}, {"text", cut(text)}};
    content["untrusted"] = {"text"};
    return Outcome::of(std::move(content));
}

/// What the plan's own store says, not the program.
Answered McpDesk::cardOf(const McpPlan& plan) const {
    bool zh = plan.caller.chinese();
    auto text =
        fmt::format(fmt::runtime(zh ? "程序“{}”以 {} 的名义申请。确认即以您本人的身份执行。\n"
                                    : "The program \"{}\" asks for this for {}. Confirm does it in your name.\n"),
                    plan.principal, plan.caller.shownName());
    if (!plan.reads.empty())
        text += (zh ? "注意：此前它读取过集群中的内容：" : "Note: before that it read what others wrote: ") +
                plan.reads + "\n";
    auto answered = Answered::saying(text + plan.text);
    answered.pagedCommand = plan.shown;
    answered.confirm = plan.confirm;
    answered.living = true;
    return answered;
}

void McpDesk::pressed(const std::string& card, const operate::Caller& by, const Answered& answer) {
    auto* plan = plans_.ofCard(card);
    if (!plan || plan->state == McpPlan::State::Planned || plan->over()) return;
    bool another = answer.became == Became::Nothing && plan->begun;  // who was too late, or may not
    if (another) return;
    plan->by = by.shownName();
    become(*plan, answer);
}

void McpDesk::heard(const Answered& answer) {
    auto* plan = plans_.ofCard(answer.card);
    if (!plan || plan->state == McpPlan::State::Planned) return;
    auto said = answer;
    if (plan->over()) said.became = Became::Nothing;  // how its Pods follow, or that it was taken back
    become(*plan, said);
}

Task<Outcome> McpDesk::refused(const mcp::Principal& principal, std::string verb, std::string command,
                               std::string why) {
    co_await record_(entryOf(principal.caller, verb, "denied", command, why));
    co_return Outcome::failing(std::move(why));
}

storage::AuditEntry McpDesk::entryOf(const operate::Caller& caller, std::string_view verb, std::string_view decision,
                                     const std::string& command, const std::string& result) const {
    nlohmann::json detail{{"command", operate::recordable(command)},
                          {"via", caller.via},
                          {"result", truncateUtf8(maskSecrets(result), longestResult)}};
    if (!caller.name.empty()) detail["name"] = caller.name;
    if (!caller.claim.empty()) detail["claim"] = caller.claim;
    return {clock_.now(),
            caller.identity,
            std::string(verb),
            std::string(decision),
            {},
            detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace klaw::app
