#pragma once

#include <gmock/gmock.h>

#include "agent/app/change_desk.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {

/// Commands that change a cluster, over one that is played by hand. Time passes while an answer is waited for.
class VerbTest : public testing::Test {
protected:
    void SetUp() override {
        std::vector<access::Binding> people{{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}},
                                            {"Bo", {"feishu:ou_bo"}, {}, "operator", {}, {"shop"}},
                                            {"Op", {"feishu:ou_op"}, {}, "operator", {}, {}}};
        gate.setPolicy(access::Policy(people));
    }
    void TearDown() override { end(desk); }
    void end(ChangeDesk& ending) {
        TaskGroup last(loop, [](const std::string&, const std::string&) {});
        last.spawn("end", ending.stop());
        last.spawn("tasks", tasks.stop());
        while (!last.empty()) loop.poll();
    }

    void begin(const std::string& text, const std::string& who = "feishu:ou_li", bool hears = true) {
        answer.reset();
        tasks.spawn("ask", asking(text, who, hears));
        loop.poll();
    }
    Answered ask(const std::string& text, const std::string& who = "feishu:ou_li", bool hears = true) {
        begin(text, who, hears);
        for (int seconds = 0; !answer && seconds < 300; ++seconds) clock.advance(1s);
        EXPECT_TRUE(answer) << text;
        return answer.value_or(Answered());
    }
    /// What is done by the command that the preview names.
    Answered confirmed(const std::string& text) {
        auto preview = ask(text);
        EXPECT_NE(preview.confirm, "") << preview.text;
        return ask(preview.confirm);
    }
    /// (target, decision) of the rows of the audit log, oldest first.
    std::vector<std::pair<std::string, std::string>> rows() const {
        std::vector<std::pair<std::string, std::string>> all;
        for (const auto& entry : audit) all.emplace_back(entry.target, entry.decision);
        return all;
    }
    /// Everything that was recorded, kept and said.
    std::string everything() const {
        std::string text;
        for (const auto& entry : audit) text += entry.target + entry.detail + "\n";
        for (const auto& [key, value] : meta) text += value + "\n";
        for (const auto& said : answers) text += said.text + said.confirm + said.undo + said.pagedCommand + "\n";
        for (const auto& [to, said] : told) text += said.text + said.undo + "\n";
        return text;
    }
    nlohmann::json sent(std::size_t change) const {
        return nlohmann::json::parse(control.changes.at(change).request.body);
    }

    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-25T10:00:00Z")};
    SeededRandom random{7};
    FakeControl control{clock};
    std::vector<storage::AuditEntry> audit;
    std::map<std::string, std::string, std::less<>> meta;
    std::vector<std::pair<std::string, Answered>> told;
    std::vector<Answered> answers;
    std::optional<Answered> answer;
    ChangeDesk::Flush flush = [this](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
        storage::Committed committed;
        for (const auto& entry : unit.audit) {
            audit.push_back(entry);
            committed.auditSeqs.push_back(static_cast<std::int64_t>(audit.size()));
        }
        for (const auto& entry : unit.meta) {
            if (entry.value.empty())
                meta.erase(entry.key);
            else
                meta[entry.key] = entry.value;
        }
        co_return committed;
    };
    access::Gate gate{flush, [this] { return clock.now(); }};
    ChangeDesk desk{loop,
                    clock,
                    random,
                    control,
                    gate,
                    flush,
                    [](const std::string&, const rules::Action&) {},
                    [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); }};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};

private:
    Task<void> asking(std::string text, std::string who, bool hears) {
        auto message = operate::messageOf(text);
        auto line = operate::parseCommandLine(message.command);
        const auto* verb = line ? operate::findVerb(line->verb) : nullptr;
        if (!verb || !operate::checkOptions(*verb, *line, false)) {
            answer = Answered::refusing(line ? "no such command or option" : line.error().describe());
            co_return;
        }
        line->attachment = message.document;
        Asked asked;
        asked.command = message.command;
        asked.caller.identity = std::move(who);
        if (hears) asked.card = "card-1";
        if (hears) asked.replyTo = "there";
        answer = co_await desk.handle(*verb, *line, std::move(asked));
        answers.push_back(*answer);
    }
};

/// An object of a cluster with what every object has.
inline nlohmann::json object(const std::string& kind, const std::string& ns, const std::string& name,
                             nlohmann::json rest = nlohmann::json::object()) {
    nlohmann::json made{{"kind", kind}, {"metadata", {{"name", name}, {"uid", "u-" + name}, {"resourceVersion", "7"}}}};
    if (!ns.empty()) made["metadata"]["namespace"] = ns;
    made.merge_patch(rest);
    return made;
}

}  // namespace klaw::app
