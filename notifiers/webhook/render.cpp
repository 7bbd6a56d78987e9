#include "notifiers/webhook/render.hpp"

#include <nlohmann/json.hpp>

namespace klaw::notifiers::webhook {

std::string renderEvent(std::string_view event, SafeCard card, const std::vector<Notice>& notices) {
    for (auto& button : card.buttons) button.nonce.clear();
    using Json = nlohmann::ordered_json;
    Json head{{"version", 1}, {"event", event}};
    auto body = head.dump();
    body.back() = ',';
    body += "\"card\":" + toJson(card);
    if (!notices.empty()) {
        Json list = Json::array();
        for (const auto& notice : notices)
            list.push_back(Json{{"text", notice.text}, {"url", notice.url}, {"command", notice.command}});
        body += ",\"notices\":" + list.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return body + "}";
}

}  // namespace klaw::notifiers::webhook
