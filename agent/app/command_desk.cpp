#include "agent/app/command_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/operate/recordable.hpp"
#include "agent/operate/required_access.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "agent/operate/row_filter.hpp"
#include "base/async/loop_condition.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "storage/reader.hpp"

namespace klaw::app {
namespace {

constexpr Duration offerLifetime = 10min;
constexpr std::size_t longestReason = 300;
/// A change that comes later was meant for another situation.
constexpr Duration longestWay = 5min;

/// A command that is understood: its verb and words.
struct Understood {
    const operate::Verb* verb = nullptr;
    operate::CommandLine line;
    bool hides() const { return verb->document || (verb->secret && verb->secret(line)); }
    bool changes() const { return verb->changes && verb->changes(line); }
};

Result<Understood> understand(const std::string& command) {
    auto line = operate::parseCommandLine(command);
    if (!line) return fail(std::move(line).error());
    const auto* verb = operate::findVerb(line->verb);
    if (verb) return Understood{verb, std::move(*line)};
    auto likely = operate::likelyVerbs(line->verb);
    std::string remedy = likely.empty() ? "there are" : "did you mean `" + std::string(likely.front()) + "`? There are";
    for (const auto& each : operate::catalogue())
        remedy += (&each == &operate::catalogue().front() ? " " : ", ") + std::string(each.name);
    return fail(ErrorCode::NotFound, "there is no command \"" + line->verb + "\"", {}, remedy);
}

/// The words of a person as one word of a command.
std::string asOneWord(const std::string& text) {
    std::string out = "'";
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool curly = text.compare(i, 3, "‘") == 0 || text.compare(i, 3, "’") == 0;  // read as straight ones
        if (curly) i += 2;
        char c = text[i];
        out += curly || c == '\'' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + "'";
}

/// What a conversation has chosen by `use`, written out: so a button means the same later, and the audit log says it.
std::string withDefaults(const Understood& understood, std::string command, const operate::Defaults& defaults) {
    const auto& verb = *understood.verb;
    const auto& line = understood.line;
    bool ofOneCluster = (verb.ask && !verb.everywhere) || verb.plan;
    if (!ofOneCluster || line.option("help")) return command;
    bool mayNameNamespace = operate::findResourceKind(verb.name) && !line.arguments.empty();  // `pods shop`
    bool takesNone = verb.usage.find("-n NAMESPACE") == std::string::npos;
    bool said = line.option("namespace") || line.option("all") || mayNameNamespace || takesNone;
    if (!defaults.cluster.empty() && !line.option("cluster")) command += " --cluster " + asOneWord(defaults.cluster);
    if (!defaults.ns.empty() && !said) command += " --namespace " + asOneWord(defaults.ns);
    return command;
}

/// `scale --help` is `help scale`.
Understood helpAbout(const Understood& understood) {
    Understood help{operate::findVerb("help"), {}};
    help.line.verb = "help";
    help.line.arguments.emplace_back(understood.verb->name);
    return help;
}

Answered refusal(const Error& error) {
    return Answered::refusing(error.describe() + "\n");
}

/// Of the target of an offer: "incident" is the card that it was made with, "channel" where that is.
std::string targetPart(const storage::Offer& offer, const char* name) {
    return textAt(parsedJson(offer.target), name);
}

/// `command` without `--page N`.
std::string withoutPage(const std::string& command) {
    auto at = command.find(" --page");
    if (at == std::string::npos) return command;
    auto end = command.find_first_not_of(" =0123456789", at + 7);
    auto rest = end == std::string::npos ? std::string() : " " + command.substr(end);
    return command.substr(0, at) + rest;
}

std::size_t pageOf(const operate::CommandLine& line) {
    std::size_t number = 1;
    auto written = line.option("page").value_or("1");
    std::from_chars(written.data(), written.data() + written.size(), number);
    return number;
}

/// `silence ID 2h` with another length and a reason, a list with what is looked for in it.
std::string withInputs(const std::string& verb, std::string command, const std::map<std::string, std::string>& inputs) {
    auto given = [&](const char* name) {
        auto found = inputs.find(name);
        return found == inputs.end() ? std::string() : found->second;
    };
    if (verb == "filter") {
        auto wanted = given("grep");
        return withoutPage(command) + (wanted.empty() ? "" : " --grep " + asOneWord(wanted));
    }
    if (verb != "silence") return command;
    if (auto length = given("duration"); parseDuration(length)) {
        command.resize(std::min(command.rfind(' '), command.size()));
        command += " " + length;
    }
    if (auto reason = given("reason"); !reason.empty()) command += " --comment " + asOneWord(reason);
    return command;
}

/// Where a button cannot ask for how long, further buttons do.
Answered lengthsOf(const std::string& command, bool chinese) {
    auto bare = command.substr(0, command.rfind(' '));
    auto answer = Answered::saying(chinese ? "静默多久？\n" : "Silence it for how long?\n");
    answer.pagedCommand = bare;
    for (const char* length : {"30m", "2h", "8h", "1d", "7d"}) answer.choices.emplace_back(length, bare + " " + length);
    return answer;
}

/// What a long list can be narrowed to by a press: its states, or all of it again.
void offerFilters(const operate::Table& table, Answered& answer, bool chinese) {
    constexpr std::size_t mostStates = 4;
    auto all = operate::withoutOption(answer.pagedCommand, "grep");
    answer.filterCommand = all;
    if (all != answer.pagedCommand) {
        answer.filters.emplace_back(chinese ? "全部" : "All", all);
        return;
    }
    auto states = operate::statesOf(table);
    states.resize(std::min(states.size(), mostStates));
    for (const auto& [state, count] : states)
        answer.filters.emplace_back(state + " (" + std::to_string(count) + ")",
                                    all + " --grep " + asOneWord(operate::patternOfState(table, state)));
}

std::string nothingOf(std::size_t all, const std::string& pattern, bool chinese) {
    return chinese ? fmt::format("{} 行中没有匹配“{}”的。\n", all, pattern)
                   : fmt::format("None of {} rows matches \"{}\".\n", all, pattern);
}

/// As JSON, or as much of it as the asker can read at once.
Answered answerOf(operate::Output outcome, const Understood& understood, const Asked& asked) {
    const auto& line = understood.line;
    auto answer = Answered::saying({});
    const auto& language = asked.caller.language;
    answer.pagedCommand = withoutPage(asked.command);
    auto wanted = line.option("grep");
    bool narrowed = outcome.table && wanted;
    if (narrowed) {
        auto all = outcome.table->rows.size();
        auto kept = operate::keepMatching(*outcome.table, *wanted);
        if (!kept) return refusal(kept.error());
        if (outcome.table->rows.empty() && !line.option("json"))
            outcome = operate::Output(nothingOf(all, *wanted, asked.caller.chinese()) + outcome.after);
        else
            outcome = operate::Output(std::move(*outcome.table), language, outcome.after);
    }
    answer.tabular = outcome.table.has_value();
    if (line.option("json")) {
        answer.text = operate::toJson(outcome);
        return answer;
    }
    auto whole = outcome.table.value_or(operate::Table());
    if (asked.page.rows > 0) answer.page = operate::cutToPage(outcome, pageOf(line), asked.page, language);
    bool canBeNarrowed = std::ranges::find(understood.verb->options, "grep") != understood.verb->options.end();
    if (narrowed || (canBeNarrowed && answer.tabular && answer.page.of > 1))
        offerFilters(whole, answer, asked.caller.chinese());
    if (asked.page.rows > 0 && outcome.table) {
        answer.rows = operate::rowLines(*outcome.table, language);
        answer.below = std::move(outcome.after);
    }
    answer.text = std::move(outcome.text);
    answer.choices = std::move(outcome.choices);
    return answer;
}

/// What the command could go on with: as buttons where it is read, as many as a card has room for, else as commands.
Answered continued(operate::Continuation more, const Asked& asked) {
    constexpr std::size_t mostButtons = 8;
    bool asButtons = asked.page.rows > 0;
    auto answer = Answered::saying(std::move(more.question));
    auto tooMany = more.choices.size() - std::min(more.choices.size(), mostButtons);
    if (asButtons && tooMany > 0) {
        answer.text += asked.caller.chinese() ? fmt::format("另有 {} 个，请直接写出。\n", tooMany)
                                              : fmt::format("{} more: write which one is meant.\n", tooMany);
        more.choices.resize(mostButtons);
    }
    answer.ok = asButtons;
    answer.pagedCommand = asked.command;
    if (!asButtons)
        for (const auto& [label, command] : more.choices) answer.text += "  " + command + "\n";
    answer.choices = std::move(more.choices);
    return answer;
}

/// With buttons for what may have been meant.
Answered misspelt(const Error& error, const Asked& asked) {
    auto answer = refusal(error);
    if (asked.page.rows == 0) return answer;
    answer.pagedCommand = asked.command;
    auto mayHide = [](std::string_view word) {
        const auto* verb = operate::findVerb(word);
        return verb->document || verb->secret;
    };
    auto word = asked.command.substr(0, asked.command.find(' '));
    if (std::ranges::any_of(operate::likelyVerbs(word), mayHide)) return answer;  // what is shown may not be all of it
    for (auto& command : operate::likelyCommands(asked.command)) answer.choices.emplace_back(command, command);
    return answer;
}

/// What is said of it, in the audit log as well.
storage::AuditEntry withResult(storage::AuditEntry entry, const std::string& result) {
    auto detail = parsedJson<nlohmann::json>(entry.detail);
    detail["result"] = truncateUtf8(maskSecrets(result), longestReason);
    entry.detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return entry;
}

/// Several clusters, and the command names none of them.
std::optional<Answered> whichCluster(const operate::Control& control, const std::string& command) {
    auto clusters = control.clusters();
    if (clusters.size() < 2) return std::nullopt;
    Answered answer;
    answer.pagedCommand = withoutPage(command);
    for (const auto& cluster : clusters) answer.clusters.push_back(cluster.name);
    answer.text = "which cluster is meant? Add --cluster:";
    for (const auto& name : answer.clusters) answer.text += " " + name;
    answer.text += "\n";
    return answer;
}

}  // namespace

/// A press that acts, while it does and for a while after.
struct CommandDesk::Press {
    explicit Press(Loop& loop) : changed(loop) {}
    std::string identity;
    std::string name;
    TimePoint at{};
    bool used = false;
    std::optional<Answered> answer;
    LoopCondition changed;
};

CommandDesk::CommandDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control,
                         storage::Location database, deliver::Commit commit, Flush flush, access::Gate& gate,
                         ChangeDesk& changes)
    : loop_(loop),
      clock_(clock),
      random_(random),
      control_(control),
      database_(std::move(database)),
      commit_(std::move(commit)),
      flush_(std::move(flush)),
      gate_(gate),
      changes_(changes) {}

storage::AuditEntry CommandDesk::auditOf(const operate::Caller& caller, std::string_view verb,
                                         std::string_view decision, const std::string& command) const {
    nlohmann::json detail{{"command", operate::recordable(command)}};
    if (!caller.name.empty()) detail["name"] = caller.name;
    if (!caller.chat.empty()) detail["chat"] = caller.chat;
    if (!caller.via.empty()) detail["via"] = caller.via;
    if (!caller.claim.empty()) detail["claim"] = caller.claim;
    auto text = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return {clock_.now(), caller.identity, std::string(verb), std::string(decision), {}, std::move(text)};
}

storage::AuditEntry CommandDesk::denialOf(const operate::Caller& caller, const access::Request& request,
                                          const std::string& command, const std::string& reason) const {
    auto entry = withResult(auditOf(caller, request.verb, "denied", command), reason);
    if (request.place)
        entry.target = request.place->cluster + (request.place->ns.empty() ? "" : "/" + request.place->ns);
    return entry;
}

Task<Result<void>> CommandDesk::record(storage::AuditEntry entry) {
    storage::UnitOfWork unit;
    unit.audit.push_back(std::move(entry));
    auto stored = co_await flush_(std::move(unit));
    if (!stored) co_return fail(std::move(stored).error());
    co_return Result<void>();
}

Task<void> CommandDesk::recordNotUnderstood(const Asked& asked, const Error& error) {
    if (!allReadsRecorded_) co_return;
    co_await record(withResult(auditOf(asked.caller, "unknown", "not_understood", asked.command), error.message));
}

/// An Error where an answer may not be given because nobody would know of it.
Task<Result<void>> CommandDesk::recordRead(const operate::Caller& caller, const operate::Verb& verb,
                                           const operate::CommandLine& line, const std::string& command, bool done) {
    bool sensitive = verb.name == "logs" || verb.readPermission != "read" || operate::isAboutSecrets(command);
    if (!sensitive && !allReadsRecorded_) co_return Result<void>();
    auto entry = auditOf(caller, verb.name, done ? "read" : "failed", command);
    auto clusters = control_.clusters();
    auto cluster = line.option("cluster").value_or(clusters.size() == 1 ? clusters.front().name : "");
    if (verb.ask && !cluster.empty()) {
        auto ns = line.option("namespace").value_or("");
        entry.target = cluster + (ns.empty() ? "" : "/" + ns);
    }
    auto stored = co_await record(std::move(entry));
    if (sensitive) co_return stored;
    co_return Result<void>();
}

/// What was done, with the message or button it was done by and its reply.
Task<Result<void>> CommandDesk::recordDone(storage::AuditEntry entry, std::shared_ptr<Claims> claims, Answered answer) {
    storage::UnitOfWork unit;
    unit.audit.push_back(std::move(entry));
    claims->moveInto(unit);
    claims->replyIn(unit, answer);
    auto stored = co_await flush_(std::move(unit));
    if (stored) co_return Result<void>();
    claims->replied.clear();
    co_return fail(std::move(stored).error());
}

Result<bool> CommandDesk::knows(const std::vector<storage::InboundKey>& inbound) const {
    auto reader = storage::Reader::open(database_);
    return reader ? reader->knowsInbound(inbound) : fail(reader.error());
}

/// Somebody who may do it in some namespaces only is asked in which, as the command does not say.
Task<std::optional<operate::Continuation>> CommandDesk::continuedInANamespace(const operate::Verb& verb,
                                                                              operate::CommandLine line,
                                                                              operate::Caller caller,
                                                                              access::Request request) {
    bool hides = verb.document || (verb.secret && verb.secret(line));
    bool open = verb.plan && !hides && request.place && request.place->ns.empty() && !line.option("namespace");
    if (!open) co_return std::nullopt;
    for (const auto& ns : operate::namespacesOf(control_, caller, request.place->cluster)) {
        request.place->ns = ns;
        if (!gate_.decide(request).allowed) continue;
        co_return co_await operate::continuationOf(control_, std::move(caller), &verb, std::move(line));
    }
    co_return std::nullopt;
}

Task<Answered> CommandDesk::execute(Asked asked) {
    auto message = operate::messageOf(asked.command);
    if (asked.attachment.empty()) asked.attachment = std::move(message.document);
    auto understood = understand(message.command);
    if (understood && !asked.offered) {
        message.command = withDefaults(*understood, std::move(message.command), control_.defaultsOf(asked.caller));
        understood = understand(message.command);
    }
    asked.command = operate::shownCommand(message.command);
    if (!understood) {
        co_await recordNotUnderstood(asked, understood.error());
        co_return misspelt(understood.error(), asked);
    }
    if (auto known = operate::checkOptions(*understood->verb, understood->line, asked.offered); !known) {
        co_await recordNotUnderstood(asked, known.error());
        co_return refusal(known.error());
    }
    if (understood->line.option("help")) understood = helpAbout(*understood);
    understood->line.attachment = std::move(asked.attachment);
    std::string verb(understood->verb->name);
    const auto& caller = asked.caller;
    auto request = operate::requiredAccess(control_, *understood->verb, understood->line, caller);
    // Who approves must be allowed what was asked for, which is not known yet.
    bool judges = understood->verb->judgement != operate::Verb::Judgement::None;
    if (asked.membership && (judges || gate_.policy().departmentsMatter(request, clock_.now())))
        request.membership = asked.caller.membership = co_await asked.membership();
    auto decision = gate_.decide(request);
    if (!decision.allowed) {
        auto more = co_await continuedInANamespace(*understood->verb, understood->line, caller, std::move(request));
        if (more) co_return continued(std::move(*more), asked);
        request = operate::requiredAccess(control_, *understood->verb, understood->line, caller);
        co_await record(denialOf(caller, request, asked.command, decision.reason));
        co_return Answered::refusing(decision.reason + "\n");
    }
    if (understood->changes() && caller.at && clock_.now() - *caller.at > longestWay) {
        co_await record(auditOf(caller, verb, "too late", asked.command));
        Error late(ErrorCode::Expired, "this was sent " + formatDuration(clock_.now() - *caller.at) + " ago", {},
                   "things may have changed: send it again if it is still meant");
        co_return refusal(late);
    }
    if (understood->changes() && asked.maybeRepeated) {
        co_await record(auditOf(caller, verb, "refused", asked.command));
        co_return refusal(Error(ErrorCode::Unavailable, "it cannot be found out whether this was done before", {},
                                "nothing was done; see /readyz for what is wrong with the storage"));
    }
    bool ofOneCluster = (understood->verb->ask && !understood->verb->everywhere) || understood->verb->plan;
    if (ofOneCluster && !understood->line.option("cluster"))
        if (auto choice = whichCluster(control_, asked.command)) {
            // What a button would carry is not the whole command.
            if (understood->hides()) choice->clusters.clear();
            co_return std::move(*choice);
        }
    if (!understood->line.option("json") && !understood->hides()) {
        auto more = co_await operate::continuationOf(control_, caller, understood->verb, understood->line);
        if (more) {
            auto stored = co_await recordRead(caller, *understood->verb, understood->line, asked.command, true);
            if (!stored) co_return refusal(stored.error());
            co_return continued(std::move(*more), asked);
        }
    }
    if (asked.extent != Extent::Whole && understood->changes())
        if (auto instead = co_await held(*understood->verb, understood->line, asked)) co_return std::move(*instead);
    if (judges) {
        if (!approvals_) co_return Answered::refusing("nothing can be approved here\n");
        co_return co_await approvals_->judge(*understood->verb, std::move(understood->line), std::move(asked));
    }
    if (understood->verb->plan)
        co_return co_await changes_.handle(*understood->verb, std::move(understood->line), std::move(asked));
    bool followed = understood->verb->follows && understood->verb->follows(understood->line);
    if (followed && !asked.replyTo.empty() && !asked.card.empty())
        co_return co_await changes_.watch(*understood->verb, std::move(understood->line), std::move(asked));
    bool unsure = asked.page.rows > 0 && understood->verb->confirms && understood->verb->confirms(understood->line);
    if (unsure && !understood->line.option("yes")) {
        auto preview = understood->verb->preview(control_, caller, understood->line);
        co_await record(auditOf(caller, verb, preview ? "previewed" : "failed", asked.command));
        if (!preview) co_return refusal(preview.error());
        auto answer = Answered::saying(*preview + "\n");
        answer.pagedCommand = asked.command;
        answer.confirm = asked.command + " --yes";
        co_return answer;
    }
    Result<operate::Output> outcome = operate::Output();
    if (understood->verb->ask)
        outcome = co_await understood->verb->ask(control_, caller, understood->line);
    else
        outcome = understood->verb->run(control_, caller, understood->line);
    bool done = outcome.has_value();
    bool denied = !done && outcome.error().code == ErrorCode::PermissionDenied;
    auto why = done ? std::string() : outcome.error().message;
    auto answer = done ? answerOf(std::move(*outcome), *understood, asked) : refusal(outcome.error());
    answer.reads = done && answer.ok && !understood->changes();
    if (understood->changes()) {
        auto entry = auditOf(caller, verb, done ? "done" : "failed", asked.command);
        auto stored = co_await recordDone(std::move(entry), asked.claims, answer);
        answer.became = done ? Became::Done : Became::Failed;
        if (done && !stored) {
            answer = refusal(stored.error());
            answer.became = Became::Unknown;
        }
    } else if (denied) {
        co_await record(withResult(auditOf(caller, verb, "denied", asked.command), why));
    } else if (auto stored = co_await recordRead(caller, *understood->verb, understood->line, asked.command, done);
               !stored) {
        co_return refusal(stored.error());
    }
    co_return answer;
}

/// What a command that may not be carried out gives instead; nothing where it is only a plan anyway.
Task<std::optional<Answered>> CommandDesk::held(const operate::Verb& verb, const operate::CommandLine& line,
                                                const Asked& asked) {
    bool shows = asked.extent == Extent::Preview && !line.option("yes") && (verb.plan || verb.preview);
    if (!shows) {
        co_await record(auditOf(asked.caller, verb.name, "denied", asked.command));
        co_return Answered::refusing("nothing is changed this way\n");
    }
    if (verb.plan) co_return std::nullopt;
    auto preview = verb.preview(control_, asked.caller, line);
    if (!preview) co_return refusal(preview.error());
    // Not every form of a verb can say what would come of it.
    if (preview->empty()) *preview = (asked.caller.chinese() ? "将要执行：" : "This would run: ") + asked.command;
    auto answer = Answered::saying(*preview + "\n");
    answer.pagedCommand = asked.command;
    answer.needs = {operate::requiredAccess(control_, verb, line, asked.caller)};
    answer.confirm = asked.command + (verb.confirms && verb.confirms(line) ? " --yes" : "");
    co_await record(auditOf(asked.caller, verb.name, "previewed", asked.command));
    co_return answer;
}

Task<Result<serve::ConsoleBackend::Offered>> CommandDesk::offer(operate::Caller caller, std::string command) {
    auto understood = understand(command);
    if (!understood) co_return fail(std::move(understood).error());
    if (!understood->changes() || !(understood->verb->preview || understood->verb->plan))
        co_return fail(ErrorCode::InvalidArgument, "this command has no button");
    Result<std::string> preview = std::string();
    if (understood->verb->plan) {
        Asked asked;
        asked.caller = std::move(caller);
        asked.command = command;
        auto answer = co_await execute(std::move(asked));
        if (answer.confirm.empty()) co_return fail(ErrorCode::InvalidArgument, answer.text);
        preview = std::move(answer.text);
        command = std::move(answer.confirm);
    } else {
        preview = understood->verb->preview(control_, caller, understood->line);
    }
    if (!preview) co_return fail(std::move(preview).error());
    serve::ConsoleBackend::Offered offered{random_.token(18), std::move(*preview)};
    storage::UnitOfWork unit;
    storage::Offer made;
    made.nonceHash = storage::offerHash(offered.nonce);
    made.verb = understood->verb->name;
    made.arguments = command;
    made.createdAt = clock_.now();
    made.expiresAt = clock_.now() + offerLifetime;
    unit.offers.push_back(std::move(made));
    auto stored = co_await deliver::committed(commit_, loop_, std::move(unit));
    if (!stored) co_return fail(std::move(stored).error());
    co_return offered;
}

/// Bound to the card that it was made for: a button that was carried elsewhere does nothing there.
Result<storage::Offer> CommandDesk::offerOf(const std::string& nonce, const Asked& asked) const {
    auto reader = storage::Reader::open(database_);
    if (!reader) return fail(std::move(reader).error());
    auto offer = reader->offer(nonce);
    if (!offer && offer.error().code == ErrorCode::NotFound)
        return fail(ErrorCode::NotFound, "this button is unknown, or too old", {}, "open the card again");
    if (!offer || asked.cardRef.empty()) return offer;
    auto ref = reader->cardRef(targetPart(*offer, "incident"), targetPart(*offer, "channel"));
    if (ref && !ref->empty() && *ref != asked.cardRef)
        return fail(ErrorCode::PermissionDenied, "this button belongs to another card", {}, "press it there");
    return offer;
}

Task<Answered> CommandDesk::press(Asked asked, std::string nonce, std::map<std::string, std::string> inputs) {
    auto offer = offerOf(nonce, asked);
    if (!offer) {
        co_await record(auditOf(asked.caller, "press", "denied", offer.error().message));
        co_return refusal(offer.error());
    }
    asked.card = targetPart(*offer, "incident");
    asked.offered = true;
    if (asked.card.starts_with(programCardPrefix)) asked.caller.via = asked.card;
    auto card = asked.card, button = offer->verb;
    auto by = asked.caller;
    bool goesOn = button == "confirm" || button == "approve";
    auto why = voided_ && goesOn ? voided_(card) : std::nullopt;
    if (why) {
        co_await record(withResult(auditOf(by, "press", "denied", offer->arguments), *why));
        co_return Answered::refusing(*why + "\n");
    }
    auto answer = co_await pressKnown(std::move(asked), std::move(*offer), inputs);
    answer.card = std::move(card);
    answer.button = std::move(button);
    if (pressed_) pressed_(answer.card, by, answer);
    co_return answer;
}

Task<Answered> CommandDesk::pressKnown(Asked asked, storage::Offer offer,
                                       const std::map<std::string, std::string>& inputs) {
    auto understood = understand(offer.arguments);
    if (!understood) co_return refusal(understood.error());
    auto request = operate::requiredAccess(control_, *understood->verb, understood->line, asked.caller);
    if (asked.membership && gate_.policy().departmentsMatter(request, clock_.now())) {
        request.membership = asked.caller.membership = co_await asked.membership();
        asked.membership = {};
    }
    auto decision = gate_.decide(request);
    if (!decision.allowed) {
        co_await record(denialOf(asked.caller, request, offer.arguments, decision.reason));
        co_return Answered::refusing(decision.reason + "\n");
    }
    if (offer.verb == "silence" && inputs.empty() && !asked.withForms)
        co_return lengthsOf(offer.arguments, asked.caller.chinese());
    asked.command = withInputs(offer.verb, offer.arguments, inputs);
    bool previews = understood->verb->plan && !understood->line.option("yes");
    if (understood->changes() && !previews) co_return co_await pressOnce(std::move(asked), std::move(offer));
    offer.usedAt.reset();
    if (auto open = offer.check(clock_.now()); !open) co_return refusal(open.error());
    co_return co_await execute(std::move(asked));
}

/// Whoever waits for the answer of a press that is interrupted gets one.
struct CommandDesk::Release {
    Release(CommandDesk& of, std::shared_ptr<Press> pressed, std::string nonceHash)
        : desk(of), press(std::move(pressed)), hash(std::move(nonceHash)) {}
    ~Release() {
        if (press->answer) return;
        press->answer = Answered::refusing("this was interrupted: look what became of it before you press again\n");
        auto known = desk.presses_.find(hash);
        if (known != desk.presses_.end() && known->second == press) desk.presses_.erase(known);
        press->changed.notify();
    }
    Release(const Release&) = delete;
    Release& operator=(const Release&) = delete;
    CommandDesk& desk;
    std::shared_ptr<Press> press;
    std::string hash;
};

Task<Answered> CommandDesk::pressOnce(Asked asked, storage::Offer offer) {
    constexpr std::size_t mostRemembered = 1000;
    for (auto earlier = presses_.find(offer.nonceHash); earlier != presses_.end();
         earlier = presses_.find(offer.nonceHash)) {
        auto known = earlier->second;
        auto answered = [known] { return known->answer.has_value(); };
        co_await known->changed.until(answered);
        if (known->identity == asked.caller.identity) co_return *known->answer;
        if (!known->used) continue;  // it is there for the next one
        offer.usedBy = known->name;
        offer.usedAt = known->at;
        break;
    }
    bool again = offer.usedAt && offer.usedBy == asked.caller.shownName();
    if (again)  // before a restart, which forgot the answer
        co_return Answered::saying((asked.caller.chinese() ? "您已操作过：" : "you have done this already: ") +
                                   formatRfc3339(*offer.usedAt) + "\n");
    auto now = clock_.now();
    if (auto open = offer.check(now); !open) {
        co_await record(auditOf(asked.caller, "press", "denied", open.error().message));
        co_return refusal(open.error());
    }
    auto press = std::make_shared<Press>(loop_);
    press->identity = asked.caller.identity;
    press->name = asked.caller.shownName();
    press->at = now;
    presses_[offer.nonceHash] = press;
    pressOrder_.push_back(offer.nonceHash);
    if (pressOrder_.size() > mostRemembered) {
        presses_.erase(pressOrder_.front());
        pressOrder_.pop_front();
    }
    auto claims = asked.claims;
    claims->offers.push_back({offer.nonceHash, press->name, now});
    Release release(*this, press, offer.nonceHash);
    auto answer = co_await execute(std::move(asked));
    press->used = claims->offers.empty();
    if (!press->used) {  // it was refused before anything was done
        claims->offers.clear();
        presses_.erase(offer.nonceHash);
        std::erase(pressOrder_, offer.nonceHash);
    }
    press->answer = answer;
    press->changed.notify();
    co_return answer;
}

}  // namespace klaw::app
