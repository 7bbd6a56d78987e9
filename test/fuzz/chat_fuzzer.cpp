// What chat platforms send, of any bytes: each reader takes it or refuses it, and what was read can be answered. The
// first byte chooses the reader.
#include <cstdlib>

#include "notifiers/dingtalk/stream_frame.hpp"
#include "notifiers/feishu/endpoint.hpp"
#include "notifiers/feishu/events.hpp"
#include "notifiers/feishu/fragments.hpp"
#include "notifiers/feishu/frame.hpp"

using namespace klaw::notifiers;

namespace {

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

constexpr void (*readers[])(std::string_view) = {feishuFrame,   feishuEvent,     feishuEndpoint, feishuFragments,
                                                 dingtalkFrame, dingtalkMessage, dingtalkPress};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    readers[data[0] % std::size(readers)](bytes);
    return 0;
}
