#include "notifiers/feishu/bot_info.hpp"

#include "base/text/json_fields.hpp"

namespace klaw::notifiers::feishu {

Task<Result<BotInfo>> askBot(std::shared_ptr<App> app) {
    auto answer = co_await app->call("bot.info", "GET", "/open-apis/bot/v3/info", {});
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    auto json = parsedJson(answer->body);
    const auto& bot = at(json, "bot");
    BotInfo info{textAt(bot, "open_id"), textAt(bot, "app_name")};
    if (info.id.empty())
        co_return fail(ErrorCode::NotFound, "the platform names no bot", app->options().name,
                       "give the application the bot ability in its console and publish a version");
    co_return info;
}

}  // namespace klaw::notifiers::feishu
