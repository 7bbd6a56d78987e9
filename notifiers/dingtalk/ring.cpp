// Calling people by a DING of the robot.
#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/chat.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

int remindTypeOf(rules::Ring ring) {
    if (ring == rules::Ring::Phone) return 3;
    return ring == rules::Ring::Sms ? 2 : 1;
}

/// Those whom the platform does not ring although it took the call: {"reason": ["userid", …]}.
std::string notRung(const std::string& body) {
    auto json = Json::parse(body, nullptr, false);
    auto failed = json.is_object() ? json.find("failedList") : json.end();
    if (!json.is_object() || failed == json.end() || !failed->is_object() || failed->empty()) return {};
    return oneLine(failed->dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Task<Result<Receipt>> Chat::ring(std::string, Card card, SendContext context) {
    auto people = Json::array();
    for (const auto& mention : context.mentions)
        if (mention.kind == Mention::Kind::UserId) people.push_back(mention.id);
    if (people.empty())
        co_return fail(ErrorCode::InvalidArgument, "nobody who is called has an id that can be rung", options_.name,
                       "add `dingtalk: [USERID]` to them under `access`");
    SafeCard safe(std::move(card));
    Json body{{"robotCode", app_->options().robotCode},
              {"remindType", remindTypeOf(safe.ring)},
              {"receiverUserIdList", std::move(people)},
              {"content", summaryOf(safe) + "\n" + safe.subtitle}};
    auto text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    auto answer = co_await app_->call("robot.ding", "POST", "/v1.0/robot/ding/send", std::move(text));
    if (!answer || answer->kind != Answer::Kind::Taken) {
        auto error = answer ? std::move(answer->error) : std::move(answer.error());
        error.place = options_.name;
        co_return fail(std::move(error));
    }
    auto missing = notRung(answer->body);
    co_return Receipt("", missing.empty() ? "" : "not rung: " + missing);
}

}  // namespace klaw::notifiers::dingtalk
