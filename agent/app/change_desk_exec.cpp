// Commands in containers: what they wrote is the answer, and nobody can find out later what became of a lost one.
#include "agent/app/change_desk.hpp"
#include "agent/app/change_records.hpp"
#include "agent/operate/execution.hpp"
#include "agent/operate/recordable.hpp"

namespace klaw::app {

/// Whatever its exit code: it was run.
Task<Answered> ChangeDesk::ran(Open open, const std::string& answer, std::shared_ptr<Claims> claims) {
    bool chinese = open.caller.chinese();
    auto outcome = operate::outcomeFromJson(answer);
    auto end = outcome ? operate::endOf(*outcome, chinese) : outcome.error().describe();
    bool good = outcome && outcome->exitCode == 0;
    auto said = good ? Answered::saying({}) : Answered::refusing({});
    said.text = (good ? (chinese ? "已执行：" : "Done: ") : "❌ ") + open.plan.summary + (chinese ? "，" : ", ") + end +
                "\n" + (outcome ? operate::outputOf(*outcome, chinese) : std::string());
    said.settles = true;
    said.card = open.card;
    said.pagedCommand = open.plan.summary;
    bool ended = outcome && outcome->exitCode;
    said.became = ended ? Became::Done : Became::Unknown;
    if (ended) open.exitCode = outcome->exitCode;
    storage::UnitOfWork unit;
    claims->replyIn(unit, said);
    auto stored = co_await close(open, ended ? "done" : "unknown", std::move(end), std::move(unit));
    if (!stored) claims->replied.clear();
    co_return said;
}

}  // namespace klaw::app
