// What chat platforms send, of any bytes, and what people write there: each reader takes it or refuses it, and what was
// read can be answered. The first byte chooses the reader.
#include <cstdlib>
#include <memory>
#include <optional>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/yaml_documents.hpp"
#include "base/random.hpp"
#include "notifiers/dingtalk/callback.hpp"
#include "notifiers/dingtalk/stream_frame.hpp"
#include "notifiers/feishu/callback.hpp"
#include "notifiers/feishu/callback_seal.hpp"
#include "notifiers/feishu/endpoint.hpp"
#include "notifiers/feishu/events.hpp"
#include "notifiers/feishu/fragments.hpp"
#include "notifiers/feishu/frame.hpp"

using namespace klaw::notifiers;

namespace {

class Nobody final : public InboundHandler {
public:
    klaw::Task<PressAnswer> press(InboundPress) override { co_return PressAnswer(); }
    void message(InboundMessage) override {}
};

/// One of each kind of callback, for all inputs.
struct Callbacks {
    static feishu::AppOptions feishuOptions() {
        feishu::AppOptions options;
        options.id = "cli_a";
        return options;
    }
    klaw::Loop loop;
    klaw::FakeLoopClock clock{loop, klaw::TimePoint(std::chrono::hours(24 * 365 * 50))};
    klaw::SeededRandom random{7};
    klaw::net::HttpClient client{loop, {}};
    Nobody nobody;
    klaw::TaskGroup tasks{loop, [](std::string, std::string) { std::abort(); }};
    std::shared_ptr<feishu::App> feishuApp =
        std::make_shared<feishu::App>(loop, client, clock, random, feishuOptions());
    std::shared_ptr<dingtalk::App> dingtalkApp =
        std::make_shared<dingtalk::App>(loop, client, clock, dingtalk::AppOptions());
    feishu::Callback plain{loop, clock, feishuApp, nobody, {"", ""}};
    feishu::Callback sealed{loop, clock, feishuApp, nobody, {"", "kudryavka"}};
    dingtalk::Callback robot{loop, clock, dingtalkApp, nobody, "https://klaw.example.com/callback/a"};
};

Callbacks& callbacks() {
    static Callbacks one;
    return one;
}

void feishuFrame(std::string_view bytes) {
    auto frame = feishu::decodeFrame(bytes);
    if (!frame) return;
    auto again = feishu::decodeFrame(feishu::encodeFrame(*frame));
    if (!again || *again != *frame) std::abort();
}

void feishuEvent(std::string_view bytes) {
    auto event = feishu::readEvent(bytes, "ou_bot");
    if (event && event->message && event->message->chat.empty()) std::abort();
}

void feishuEndpoint(std::string_view bytes) {
    klaw::net::HttpResponse response;
    response.status = 200;
    response.body = bytes;
    auto endpoint = feishu::readEndpoint(response, "app");
    using namespace std::chrono_literals;
    if (endpoint && (endpoint->url.empty() || endpoint->config.pingEvery < 5s)) std::abort();
}

/// Triples of bytes: message, count, index.
void feishuFragments(std::string_view bytes) {
    feishu::Fragments fragments;
    klaw::TimePoint now{};
    for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
        auto at = [&](std::size_t offset) { return static_cast<unsigned char>(bytes[i + offset]); };
        now += std::chrono::seconds(at(3) % 4);
        auto joined = fragments.add(std::string(1, bytes[i]), at(1) % 5, at(2) % 5, std::string(at(3), 'x'), now);
        if (!joined && joined.error().message.empty()) std::abort();
        if (fragments.open() > feishu::Fragments::maxOpen) std::abort();
    }
}

void dingtalkFrame(std::string_view bytes) {
    auto frame = dingtalk::readStreamFrame(bytes);
    if (!frame) return;
    if (!dingtalk::readStreamFrame(dingtalk::streamAnswer(*frame, 200, frame->data))) std::abort();
}

void dingtalkMessage(std::string_view bytes) {
    auto message = dingtalk::readChatMessage(bytes);
    if (message && message->chat.empty()) std::abort();
}

void dingtalkPress(std::string_view bytes) {
    auto press = dingtalk::readCardPress(bytes);
    if (press && press->cardRef.empty()) std::abort();
}

/// Timestamp, nonce and body as the platform signs them, and bodies that nobody sealed.
void feishuSealed(std::string_view bytes) {
    auto opened = feishu::openSealed(bytes, "kudryavka");
    if (opened && opened->size() > bytes.size()) std::abort();
    if (feishu::callbackSignature(bytes, "n", "k", bytes).size() != 64) std::abort();
}

/// What is posted to a running callback: first a byte that chooses the headers, then the body.
void posted(InboundCallback& callback, std::string_view bytes, std::string rest) {
    if (bytes.empty()) return;
    klaw::net::ServerRequest request;
    request.method = "POST";
    request.body = bytes.substr(1);
    unsigned choice = static_cast<unsigned char>(bytes[0]);
    for (const char* name :
         {"X-Lark-Signature", "X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "sign", "timestamp"}) {
        if (choice % 2 == 1) request.headers.add(name, std::string(bytes.substr(1, 13)));
        choice /= 2;
    }
    std::optional<klaw::net::ServerResponse> answer;
    auto ask = [](InboundCallback& of, klaw::net::ServerRequest asked, std::string below,
                  std::optional<klaw::net::ServerResponse>& into) -> klaw::Task<void> {
        into = co_await of.receive(std::move(asked), std::move(below));
    };
    auto& world = callbacks();
    world.tasks.spawn("request", ask(callback, std::move(request), std::move(rest), answer));
    world.loop.poll();
    if (!answer || answer->status < 200 || answer->status > 499) std::abort();
    if (answer->status != 200 && callback.counts().dropped.empty()) std::abort();
}

void feishuPlainCallback(std::string_view bytes) {
    posted(callbacks().plain, bytes, "");
}

void feishuSealedCallback(std::string_view bytes) {
    posted(callbacks().sealed, bytes, "");
}

void dingtalkCallback(std::string_view bytes) {
    posted(callbacks().robot, bytes, "");
    posted(callbacks().robot, bytes, "card/" + std::string(bytes));
}

/// As somebody writes it. The command behind its Confirm button is the same one, with what was shown.
void command(std::string_view bytes) {
    namespace operate = klaw::operate;
    std::string text(bytes.substr(0, 10'000));
    auto message = operate::messageOf(text);
    if (auto documents = operate::readYamlDocuments(message.document); !documents && documents.error().message.empty())
        std::abort();
    if (operate::shownCommand(text).size() > 2 * text.size() + 100) std::abort();
    auto line = operate::parseCommandLine(text);
    if (!line) {
        if (line.error().message.empty()) std::abort();
        return;
    }
    const auto* verb = operate::findVerb(line->verb);
    auto near = operate::nearestVerb(line->verb);
    if (!verb && !near.empty() && !operate::findVerb(near)) std::abort();
    if (verb && verb->changes) static_cast<void>(verb->changes(*line));
    for (bool offered : {false, true})
        if (verb && !operate::checkOptions(*verb, *line, offered).has_value()) return;
    auto confirmed = operate::parseCommandLine(operate::withoutOption(text, "expect") + " --expect u@1 --yes");
    if (!confirmed) std::abort();
    line->options["expect"] = "u@1";
    line->options["yes"] = "";
    bool same =
        confirmed->verb == line->verb && confirmed->arguments == line->arguments && confirmed->options == line->options;
    if (!same) std::abort();
}

constexpr void (*readers[])(std::string_view) = {
    feishuFrame,   feishuEvent,  feishuEndpoint,      feishuFragments,      dingtalkFrame,    dingtalkMessage,
    dingtalkPress, feishuSealed, feishuPlainCallback, feishuSealedCallback, dingtalkCallback, command};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    readers[data[0] % std::size(readers)](bytes);
    return 0;
}
