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
constexpr std::size_t longestClaim = 100, longestResult = 300, longestWord = 4096;
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

operate::CommandLine lineOf(std::string_view verb) {
    operate::CommandLine line;
    line.verb = verb;
    return line;
}

std::string cut(const std::string& text) {
    bool left = false;
    return mcp::shapedText(text, longestWord, false, left);
}

std::string_view stateOf(const McpPlan& plan) {
    switch (plan.state) {
        case McpPlan::State::Planned:
        case McpPlan::State::Waiting:
            return "waiting";
        case McpPlan::State::Done:
            return "done";
        case McpPlan::State::Failed:
            return "failed";
    }
    return "failed";
}

Outcome stateOutcome(const McpPlan& plan) {
    mcp::Json content{{"plan", plan.id}, {"status", stateOf(plan)}, {"text", cut(plan.word)}};
    content["untrusted"] = {"text"};
    return Outcome::of(std::move(content));
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
    if (own && wanted.empty()) {
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
        auto line = lineOf(verb);
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
        co_return co_await read(std::move(principal), tool, std::move(*command));
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
    if (tool.othersWrite)
        lastRead_[principal.name] = std::pair(operate::withoutOption(command.command, "json"), clock_.now());
    co_return Outcome::of(mcp::shaped(tool, command, answered.text));
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
    made.shown = std::move(shown);
    made.confirm = std::move(answered.confirm);
    made.text = std::move(answered.text);
    auto read = lastRead_.find(principal.name);
    if (read != lastRead_.end() && clock_.now() - read->second.second < readingCounts) made.word = read->second.first;
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
    if (plan->state == McpPlan::State::Planned) co_return co_await ask(std::move(principal), plan);
    co_return stateOutcome(*plan);
}

/// What they may have lost since they planned it.
Result<void> McpDesk::stillMay(const McpPlan& plan, const operate::Caller& caller) const {
    auto line = operate::parseCommandLine(plan.shown);
    if (!line) return fail(std::move(line).error());
    const auto* verb = operate::findVerb(line->verb);
    if (!verb) return fail(ErrorCode::NotFound, "there is no such command any more");
    auto decision = gate_.decide(operate::requiredAccess(control_, *verb, *line, caller));
    if (!decision.allowed) return fail(ErrorCode::PermissionDenied, decision.reason);
    return {};
}

Task<Outcome> McpDesk::ask(mcp::Principal principal, McpPlan* plan) {
    const auto verb = plan->shown.substr(0, plan->shown.find(' '));
    const auto shown = plan->shown;
    if (!within(asked_, asksAnHour, principal))
        co_return co_await refused(principal, verb, shown, "this program has asked people for 20 changes in an hour");
    if (auto may = stillMay(*plan, principal.caller); !may)
        co_return co_await refused(principal, verb, shown, may.error().message);
    const auto* config = configOf(principal.name);
    Result<void> out = config ? people_.ask(*config, McpPlans::cardOf(*plan), cardOf(*plan))
                              : fail(ErrorCode::NotFound, "nobody can be asked to confirm it", {},
                                     "`mcp.principals` of the configuration says who is, and `klaw mcp --as NAME` "
                                     "which one this is");
    if (!out) co_return co_await refused(principal, verb, shown, out.error().describe());
    plan->state = McpPlan::State::Waiting;
    plan->until = clock_.now() + deliver::confirmationLifetime;
    plan->word =
        "Klaw's card is with the people in charge. Nothing is done until somebody who may presses Confirm on it.";
    auto said = stateOutcome(*plan);
    co_await record_(entryOf(principal.caller, verb, "asked", shown, "card " + McpPlans::cardOf(*plan)));
    co_return said;
}

/// What the plan's own store says, not the program.
Answered McpDesk::cardOf(const McpPlan& plan) const {
    bool zh = plan.caller.chinese();
    auto text =
        fmt::format(fmt::runtime(zh ? "程序“{}”以 {} 的名义申请。确认即以您本人的身份执行。\n"
                                    : "The program \"{}\" asks for this for {}. Confirm does it in your name.\n"),
                    plan.principal, plan.caller.shownName());
    if (!plan.word.empty())
        text += (zh ? "注意：此前它读取过集群中的内容：" : "Note: before that it read what others wrote: ") +
                plan.word + "\n";
    auto answered = Answered::saying(text + plan.text);
    answered.pagedCommand = plan.shown;
    answered.confirm = plan.confirm;
    answered.living = true;
    return answered;
}

void McpDesk::pressed(const std::string& card, const operate::Caller& by, const Answered& answer) {
    auto* plan = plans_.ofCard(card);
    if (!plan || plan->state != McpPlan::State::Waiting) return;
    plan->word = by.shownName() + ": " + answer.text;
    bool another = !answer.decisions.empty();  // a second person is to decide
    bool over = answer.settles || (answer.ok && !another && answer.confirm.empty());
    if (over) plan->state = answer.ok ? McpPlan::State::Done : McpPlan::State::Failed;
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
