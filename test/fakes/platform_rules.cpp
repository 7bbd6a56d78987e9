#include "test/fakes/platform_rules.hpp"

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"

namespace klaw::fakes {
namespace {

using Json = nlohmann::json;
using net::ServerRequest;
using net::ServerResponse;

/// Counts within a sliding window.
class Rate {
public:
    Rate(std::size_t most, Duration window) : most_(most), window_(window) {}
    bool full(TimePoint now) {
        while (!taken_.empty() && taken_.front() <= now - window_) taken_.pop_front();
        return taken_.size() >= most_;
    }
    void take(TimePoint now) { taken_.push_back(now); }

private:
    std::size_t most_;
    Duration window_;
    std::deque<TimePoint> taken_;
};

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

bool isJsonContent(const ServerRequest& request) {
    return request.headers.get("Content-Type").value_or("").starts_with("application/json");
}

/// Every text in a message, for the keyword check.
void collectTexts(const Json& json, std::string& into) {
    if (json.is_string()) into += json.get<std::string>() + "\n";
    for (const auto& child : json)
        if (json.is_structured()) collectTexts(child, into);
}

bool hasKeyword(const Json& message, const std::vector<std::string>& keywords) {
    std::string texts;
    collectTexts(message, texts);
    for (const auto& keyword : keywords)
        if (texts.find(keyword) != std::string::npos) return true;
    return keywords.empty();
}

std::string textAt(const Json& json, const char* object, const char* field) {
    if (!json.contains(object) || !json[object].is_object()) return {};
    auto found = json[object].find(field);
    return found != json[object].end() && found->is_string() ? found->get<std::string>() : "";
}

class DingTalkRules final : public PlatformRules {
public:
    explicit DingTalkRules(PlatformOptions options) : options_(std::move(options)) {}

    std::string target() const override { return "/robot/send?access_token=fake-token"; }

    Verdict judge(const ServerRequest& request, TimePoint now) override {
        if (request.method != "POST" || request.path() != "/robot/send")
            return {ServerResponse::text(404, "no such API")};
        if (request.query("access_token") != "fake-token") return refuse(300001, "token is not exist", "token不存在");
        if (!isJsonContent(request)) return refuse(43004, "invalid http header", "无效的HTTP HEADER Content-Type");
        if (auto problem = signatureProblem(request, now)) return std::move(*problem);
        if (request.body.size() > 20'000) return refuse(460101, "message too long, exceed 20000 bytes", "消息内容过长");
        auto message = Json::parse(request.body, nullptr, false);
        if (!isMessage(message)) return refuse(40035, "invalid parameter", "不合法的参数");
        if (!hasKeyword(message, options_.keywords))
            return refuse(310000, "keywords not in content", "description:关键词不匹配");
        return take(message.value("msgUuid", ""), now);
    }

private:
    Verdict refuse(int code, const char* english, const char* chinese) const {
        Json answer{{"errcode", code}, {"errmsg", options_.chinese ? chinese : english}};
        return {ServerResponse::json(200, answer.dump())};
    }

    std::optional<Verdict> signatureProblem(const ServerRequest& request, TimePoint now) const {
        if (options_.secret.empty()) return std::nullopt;
        auto stamp = request.query("timestamp").value_or("");
        auto millis = number(stamp);
        if (!millis || std::abs(*millis - toUnixMillis(now)) > 3'600'000)
            return refuse(310000, "invalid timestamp", "description:机器人发送签名过期");
        auto expected = base64Encode(hmacSha256(options_.secret, stamp + "\n" + options_.secret));
        if (request.query("sign") != expected)
            return refuse(310000, "sign not match", "description:机器人发送签名不匹配");
        return std::nullopt;
    }

    static bool isMessage(const Json& message) {
        if (!message.is_object()) return false;
        auto type = message.value("msgtype", "");
        if (type == "text") return !textAt(message, "text", "content").empty();
        if (type != "markdown" && type != "actionCard") return false;
        bool written =
            !textAt(message, type.c_str(), "title").empty() && !textAt(message, type.c_str(), "text").empty();
        if (type == "markdown") return written;
        auto buttons = message[type].value("btns", Json::array());
        for (const auto& button : buttons)
            if (button.value("title", "").empty() || !button.value("actionURL", "").starts_with("http")) return false;
        return written && !buttons.empty();
    }

    Verdict take(std::string key, TimePoint now) {
        Verdict verdict{ServerResponse::json(200, R"({"errcode":0,"errmsg":"ok"})"), true, false, std::move(key)};
        verdict.repeat = !verdict.key.empty() && keys_.contains(verdict.key);
        if (verdict.repeat) return verdict;
        if (options_.limitRates && isBlocked(now))
            return refuse(130101, "send too fast, exceed 20 times per minute", "发送速度太快而限流");
        perMinute_.take(now);
        if (!verdict.key.empty()) keys_.insert(verdict.key);
        return verdict;
    }

    bool isBlocked(TimePoint now) {
        if (now < blockedUntil_) return true;
        if (!perMinute_.full(now)) return false;
        blockedUntil_ = now + 10min;
        return true;
    }

    PlatformOptions options_;
    Rate perMinute_{20, 60s};
    TimePoint blockedUntil_{};
    std::set<std::string> keys_;
};

class FeishuRules final : public PlatformRules {
public:
    explicit FeishuRules(PlatformOptions options) : options_(std::move(options)) {}

    std::string target() const override { return "/open-apis/bot/v2/hook/fake-hook"; }

    Verdict judge(const ServerRequest& request, TimePoint now) override {
        if (request.method != "POST") return {ServerResponse::text(404, "404 page not found")};
        if (request.path() != target()) return refuse(19001, "param invalid: incoming webhook access token invalid");
        auto message = Json::parse(request.body, nullptr, false);
        if (!isJsonContent(request) || !message.is_object()) return refuse(9499, "Bad Request", 400);
        if (!options_.secret.empty() && !isSigned(message, now))
            return refuse(19021, "sign match fail or timestamp is not within one hour from current time");
        if (request.body.size() > 20 * 1024)
            return refuse(230025, "The length of the message content reaches its limit");
        if (!hasKeyword(message, options_.keywords)) return refuse(19024, "Key Words Not Found");
        if (auto problem = contentProblem(message)) return std::move(*problem);
        return take(now);
    }

private:
    static Verdict refuse(int code, const std::string& msg, int status = 200) {
        Json answer{{"code", code}, {"msg", msg}, {"data", Json::object()}};
        return {ServerResponse::json(status, answer.dump())};
    }

    bool isSigned(const Json& message, TimePoint now) const {
        auto stamp = message.contains("timestamp") && message["timestamp"].is_string()
                         ? message["timestamp"].get<std::string>()
                         : "";
        auto seconds = number(stamp);
        if (!seconds || std::abs(*seconds - toUnixMillis(now) / 1000) > 3600) return false;
        return message.value("sign", "") == base64Encode(hmacSha256(stamp + "\n" + options_.secret, ""));
    }

    std::optional<Verdict> contentProblem(const Json& message) const {
        auto type = message.value("msg_type", "");
        if (type == "text") {
            if (textAt(message, "content", "text").empty()) return refuse(9499, "Bad Request", 400);
            return std::nullopt;
        }
        if (type != "interactive" || !message.contains("card")) return refuse(9499, "Bad Request", 400);
        std::vector<std::string> mentioned;
        auto problem = checkFeishuCard(message["card"].dump(), mentioned);
        if (!problem.empty())
            return refuse(230099, "Failed to create card content, ext=ErrCode: 200621; ErrMsg: " + problem);
        for (const auto& id : mentioned)
            if (options_.unknownPeople.contains(id)) return refuse(11246, "invalid user resource: " + id);
        return std::nullopt;
    }

    Verdict take(TimePoint now) {
        if (options_.limitRates && perSecond_.full(now)) return refuse(9499, "too many request", 400);
        if (options_.limitRates && perMinute_.full(now))
            return refuse(11232, "create message trigger system frequency limit");
        perSecond_.take(now);
        perMinute_.take(now);
        auto ok = R"({"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"})";
        return {ServerResponse::json(200, ok), true, false, {}};
    }

    PlatformOptions options_;
    Rate perSecond_{5, 1s};
    Rate perMinute_{100, 60s};
};

class WebhookRules final : public PlatformRules {
public:
    explicit WebhookRules(PlatformOptions options) : options_(std::move(options)) {}

    std::string target() const override { return "/hook"; }

    Verdict judge(const ServerRequest& request, TimePoint now) override {
        if (request.method != "POST" || request.path() != target()) return {ServerResponse::text(404, "not found")};
        if (!isJsonContent(request)) return {ServerResponse::text(415, "JSON only")};
        if (request.body.size() > (1u << 20)) return {ServerResponse::text(413, "too large")};
        if (!options_.secret.empty() && !isSigned(request, now)) return {ServerResponse::text(401, "signature")};
        auto message = Json::parse(request.body, nullptr, false);
        bool complete =
            message.is_object() && message.contains("version") && message.contains("event") && message.contains("card");
        auto key = std::string(request.headers.get("Idempotency-Key").value_or(""));
        if (!complete || key.empty()) return {ServerResponse::text(400, "incomplete")};
        bool repeat = !keys_.insert(key).second;
        return {ServerResponse::json(200, R"({"ok":true})"), true, repeat, std::move(key)};
    }

private:
    bool isSigned(const ServerRequest& request, TimePoint now) const {
        auto stamp = std::string(request.headers.get("X-Klaw-Timestamp").value_or(""));
        auto seconds = number(stamp);
        if (!seconds || std::abs(*seconds - toUnixMillis(now) / 1000) > 300) return false;
        auto expected = "sha256=" + hexEncode(hmacSha256(options_.secret, stamp + "." + request.body));
        return equalInConstantTime(request.headers.get("X-Klaw-Signature").value_or(""), expected);
    }

    PlatformOptions options_;
    std::set<std::string> keys_;
};

}  // namespace

std::string_view toString(Platform platform) {
    switch (platform) {
        case Platform::DingTalk:
            return "dingtalk";
        case Platform::Feishu:
            return "feishu";
        case Platform::Webhook:
            return "webhook";
    }
    return "webhook";
}

std::unique_ptr<PlatformRules> makeRules(PlatformOptions options) {
    switch (options.platform) {
        case Platform::DingTalk:
            return std::make_unique<DingTalkRules>(std::move(options));
        case Platform::Feishu:
            return std::make_unique<FeishuRules>(std::move(options));
        case Platform::Webhook:
            return std::make_unique<WebhookRules>(std::move(options));
    }
    return nullptr;
}

}  // namespace klaw::fakes
